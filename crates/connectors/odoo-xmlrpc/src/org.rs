//! Who works where, and for whom.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tieline_core::{Error, ErrorKind, Result};
use tieline_kit::excerpt;

use crate::{Department, Employee, Reference};

/// The most names of a circle that are shown.
const SHOWN: usize = 12;
/// The most levels that are printed.
const DEEPEST: usize = 64;
/// The characters that a level is set in by.
const INDENT: usize = 3;

/// Departments as a tree, with the employees of each; and who manages whom.
///
/// `Display` prints the departments as a tree. A department or manager that is not among those given, because it is
/// archived or may not be seen, counts as none.
///
/// ```
/// use tieline_odoo_xmlrpc::{Department, Employee, OrgChart};
///
/// let departments = [r#"{"id":1,"name":"Sales"}"#, r#"{"id":2,"name":"Nordic","parent_id":{"id":1,"name":"Sales"}}"#];
/// let employees = [r#"{"id":7,"name":"Ada","job_title":"Seller","department_id":{"id":2,"name":"Nordic"}}"#];
/// let departments: Vec<Department> = departments.map(|json| serde_json::from_str(json).unwrap()).into();
/// let employees: Vec<Employee> = employees.map(|json| serde_json::from_str(json).unwrap()).into();
/// let chart = OrgChart::new(departments, employees)?;
/// assert_eq!(chart.to_string(), "Sales\n└─ Nordic\n   └─ Ada, Seller\n");
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OrgChart {
    departments: BTreeMap<i64, Department>,
    employees: BTreeMap<i64, Employee>,
}

impl OrgChart {
    /// Fails with `Rejected` that names the members when departments or managers go round in a circle. Odoo refuses
    /// circles itself, yet an import or an app may bring one, and whoever walks up then never arrives.
    pub fn new(
        departments: impl IntoIterator<Item = Department>,
        employees: impl IntoIterator<Item = Employee>,
    ) -> Result<Self> {
        let departments: BTreeMap<_, _> =
            departments.into_iter().map(|department| (department.id, department)).collect();
        let employees: BTreeMap<_, _> =
            employees.into_iter().map(|employee| (employee.id, employee)).collect();
        refuse_circle("departments", &departments, |department| {
            (&department.name, department.parent_id.as_ref())
        })?;
        refuse_circle("managers", &employees, |employee| (&employee.name, employee.parent_id.as_ref()))?;
        Ok(Self { departments, employees })
    }

    /// All departments, by id.
    pub fn departments(&self) -> impl Iterator<Item = &Department> {
        self.departments.values()
    }

    /// All employees, by id.
    pub fn employees(&self) -> impl Iterator<Item = &Employee> {
        self.employees.values()
    }

    /// The departments directly below one, or at the top without one; by name.
    pub fn departments_below(&self, department: Option<i64>) -> Vec<&Department> {
        let mut below: Vec<_> = self
            .departments
            .values()
            .filter(|child| known(child.parent_id.as_ref(), &self.departments) == department)
            .collect();
        below.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        below
    }

    /// The employees of a department, or of none; its manager first, then by name.
    pub fn employees_in(&self, department: Option<i64>) -> Vec<&Employee> {
        let manager = department
            .and_then(|id| self.departments.get(&id)?.manager_id.as_ref())
            .map(|manager| manager.id);
        let mut members: Vec<_> = self
            .employees
            .values()
            .filter(|employee| known(employee.department_id.as_ref(), &self.departments) == department)
            .collect();
        members.sort_by(|a, b| {
            (Some(a.id) != manager, &a.name, a.id).cmp(&(Some(b.id) != manager, &b.name, b.id))
        });
        members
    }

    /// The managers of an employee, from the nearest up.
    pub fn managers_of(&self, employee: i64) -> Vec<&Employee> {
        let up = |employee: &Employee| self.employees.get(&employee.parent_id.as_ref()?.id);
        // There are no circles.
        std::iter::successors(self.employees.get(&employee).and_then(up), |manager| up(manager)).collect()
    }

    fn branch(&self, f: &mut fmt::Formatter<'_>, department: Option<i64>, indent: &str) -> fmt::Result {
        if indent.chars().count() > INDENT * DEEPEST {
            return writeln!(f, "{indent}└─ …");
        }
        let (members, below) = (self.employees_in(department), self.departments_below(department));
        let mut left = members.len() + below.len();
        for member in members {
            left -= 1;
            let mark = if left == 0 { "└─" } else { "├─" };
            write!(f, "{indent}{mark} {}", member.name)?;
            match &member.job_title {
                Some(title) => writeln!(f, ", {title}")?,
                None => writeln!(f)?,
            }
        }
        for child in below {
            left -= 1;
            writeln!(f, "{indent}{} {}", if left == 0 { "└─" } else { "├─" }, child.name)?;
            self.branch(f, Some(child.id), &format!("{indent}{}", if left == 0 { "   " } else { "│  " }))?;
        }
        Ok(())
    }
}

impl fmt::Display for OrgChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for department in self.departments_below(None) {
            writeln!(f, "{}", department.name)?;
            self.branch(f, Some(department.id), "")?;
        }
        let without = self.employees_in(None);
        if !without.is_empty() {
            writeln!(f, "(no department)")?;
            for (index, member) in without.iter().enumerate() {
                writeln!(f, "{} {}", if index + 1 == without.len() { "└─" } else { "├─" }, member.name)?;
            }
        }
        Ok(())
    }
}

fn known<T>(reference: Option<&Reference>, there: &BTreeMap<i64, T>) -> Option<i64> {
    reference.map(|reference| reference.id).filter(|id| there.contains_key(id))
}

/// Walks up from each member once.
fn refuse_circle<T>(
    what: &str,
    members: &BTreeMap<i64, T>,
    look: impl Fn(&T) -> (&str, Option<&Reference>),
) -> Result<()> {
    let mut done = BTreeSet::new();
    for start in members.keys() {
        let mut way: Vec<i64> = Vec::new();
        let mut on_way = BTreeSet::new();
        let mut next = Some(*start);
        while let Some(id) = next.filter(|id| !done.contains(id)) {
            if !on_way.insert(id) {
                let circle: Vec<i64> = way.iter().copied().skip_while(|other| *other != id).collect();
                let name = |id: &i64| match members.get(id).map(|member| look(member).0) {
                    Some(name) if !name.is_empty() => format!("{} (id {id})", excerpt(name, 60)),
                    _ => format!("id {id}"),
                };
                let mut names: Vec<String> = circle.iter().take(SHOWN).map(name).collect();
                if circle.len() > SHOWN {
                    names.push(format!("{} more", circle.len() - SHOWN));
                }
                names.push(name(&id));
                return Err(Error::new(
                    ErrorKind::Rejected,
                    format!("the {what} go round in a circle: {}", names.join(" > ")),
                )
                .with_advice("correct one of them in Odoo"));
            }
            way.push(id);
            next = members.get(&id).and_then(|member| known(look(member).1, members));
        }
        done.extend(way);
    }
    Ok(())
}
