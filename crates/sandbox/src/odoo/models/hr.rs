//! Employees, departments and jobs.

use super::{INTERNAL, OFFICER, active, char, color, company, messages, model, name, one, sequence};
use crate::odoo::Version;
use crate::odoo::schema::{Kind, ModelDef, field};

const GENDERS: &[(&str, &str)] = &[("male", "Male"), ("female", "Female"), ("other", "Other")];

const MARITAL: &[(&str, &str)] = &[
    ("single", "Single"),
    ("married", "Married"),
    ("cohabitant", "Legal Cohabitant"),
    ("widower", "Widower"),
    ("divorced", "Divorced"),
];

const EMPLOYEE_TYPES: &[(&str, &str)] = &[
    ("employee", "Employee"),
    ("worker", "Worker"),
    ("student", "Student"),
    ("trainee", "Trainee"),
    ("contractor", "Contractor"),
    ("freelance", "Freelancer"),
];

/// What the public profile of an employee has too. The rest is for officers, also where no field says so.
const PUBLIC: &[&str] = &[
    "id",
    "display_name",
    "create_date",
    "create_uid",
    "write_date",
    "write_uid",
    "name",
    "active",
    "company_id",
    "user_id",
    "department_id",
    "job_id",
    "job_title",
    "parent_id",
    "child_ids",
    "coach_id",
    "work_email",
    "work_phone",
    "mobile_phone",
    "work_contact_id",
    "address_id",
    "tz",
    "employee_type",
    "image_1920",
    "color",
];

pub(super) fn models() -> Vec<ModelDef> {
    vec![
        model(
            "hr.department",
            "Department",
            "name",
            INTERNAL,
            vec![
                name().required(),
                char("complete_name", "Complete Name").stored(),
                active(),
                company(),
                one("parent_id", "Parent Department", "hr.department"),
                field("child_ids", "Child Departments", Kind::One2many("hr.department", "parent_id")),
                one("manager_id", "Manager", "hr.employee"),
                field("member_ids", "Members", Kind::One2many("hr.employee", "department_id")),
                field("total_employee", "Total Employee", Kind::Integer).computed(),
                field("jobs_ids", "Jobs", Kind::One2many("hr.job", "department_id")),
                one("master_department_id", "Master Department", "hr.department").stored(),
                field("note", "Note", Kind::Text),
                color(),
                messages(),
            ],
        ),
        model(
            "hr.job",
            "Job Position",
            "sequence",
            OFFICER,
            vec![
                name().required(),
                active(),
                sequence(),
                one("department_id", "Department", "hr.department"),
                company(),
                field("description", "Job Description", Kind::Html),
            ],
        ),
        model("hr.employee.category", "Employee Category", "id", OFFICER, vec![name().required(), color()]),
        model(
            "hr.employee",
            "Employee",
            "name",
            OFFICER,
            vec![
                name().required(),
                active(),
                company().required(),
                one("user_id", "User", "res.users"),
                one("department_id", "Department", "hr.department"),
                one("job_id", "Job Position", "hr.job"),
                char("job_title", "Job Title"),
                one("parent_id", "Manager", "hr.employee"),
                field("child_ids", "Direct subordinates", Kind::One2many("hr.employee", "parent_id")),
                one("coach_id", "Coach", "hr.employee"),
                char("work_email", "Work Email"),
                char("work_phone", "Work Phone"),
                char("mobile_phone", "Work Mobile"),
                one("work_contact_id", "Work Contact", "res.partner"),
                one("address_id", "Work Address", "res.partner"),
                char("tz", "Timezone").default("Europe/Stockholm").unstored(&[Version::V17]),
                field("employee_type", "Employee Type", Kind::Selection(EMPLOYEE_TYPES)).default("employee"),
                field("image_1920", "Image", Kind::Binary),
                color(),
                messages(),
                field("category_ids", "Tags", Kind::Many2many("hr.employee.category")).private(),
                char("private_email", "Private Email").private(),
                char("private_phone", "Private Phone").private(),
                char("private_street", "Private Street").private(),
                char("private_zip", "Private Zip").private(),
                char("private_city", "Private City").private(),
                field("birthday", "Date of Birth", Kind::Date).private(),
                field("gender", "Gender", Kind::Selection(GENDERS)).private().only(Version::V17),
                field("sex", "Sex", Kind::Selection(GENDERS)).private().only(Version::V19),
                field("marital", "Marital Status", Kind::Selection(MARITAL)).private().default("single"),
                one("country_id", "Nationality (Country)", "res.country").private(),
                char("identification_id", "Identification No").private(),
                char("ssnid", "SSN No").private(),
                char("barcode", "Badge ID").private(),
                char("pin", "PIN").private(),
                char("x_employee_number", "Anställningsnummer"),
                field("x_start_date", "Anställd från", Kind::Date),
                field("x_end_date", "Anställd till", Kind::Date),
                field("x_hourly_cost", "Timkostnad", Kind::Float),
                field("x_remote", "Distansarbete", Kind::Boolean),
            ],
        )
        .public(PUBLIC),
    ]
}
