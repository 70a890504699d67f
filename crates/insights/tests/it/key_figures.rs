//! Sheets as people keep them, and the figures of each company.

use tieline_insights::{CellIssue, GrowthBasis, KeyFigureSheet, KeyFigures, TextGrid};

fn read<const W: usize>(rows: &[[&str; W]]) -> KeyFigureSheet {
    KeyFigureSheet::read(&TextGrid::new(rows.iter().copied()))
}

fn shown(sheet: &KeyFigureSheet) -> String {
    let mut text = format!("currency: {}\n", sheet.currency.as_deref().unwrap_or("-"));
    for company in &sheet.companies {
        text += &line(company);
    }
    for issue in &sheet.issues {
        text += &format!("{issue} ({:?})\n", issue.text);
    }
    text
}

fn line(company: &KeyFigures) -> String {
    let or = |figure: Option<String>| figure.unwrap_or_else(|| "-".to_owned());
    let quarter = company.quarter_revenue.as_ref().map(|quarter| {
        let year = quarter.year.map(|year| format!("{year} ")).unwrap_or_default();
        format!("{year}Q{} {}", quarter.quarter, quarter.amount)
    });
    format!(
        "{}: quarter {}, ltm {}, growth {} {:?}, employees {}, cash {}\n",
        company.company,
        or(quarter),
        or(company.ltm_revenue.map(|figure| figure.to_string())),
        or(company.growth_pct.map(|figure| figure.to_string())),
        company.growth_basis,
        or(company.employees.map(|figure| figure.to_string())),
        or(company.cash.map(|figure| figure.to_string())),
    )
}

#[test]
fn nine_months_with_the_other_figures_beside_them() {
    let sheet = read(&[
        [
            "",
            "Jan",
            "Feb",
            "Mar",
            "Apr",
            "May",
            "Jun",
            "Jul",
            "Aug",
            "Sep",
            "LTM",
            "Growth",
            "Employees",
            "Cash",
        ],
        [
            "Seedling", "2174", "2661", "3541", "3310", "3622", "3805", "3874", "3990", "4150", "38 400",
            "41%", "27", "12 500",
        ],
    ]);
    assert_eq!(
        shown(&sheet),
        "currency: -\nSeedling: quarter Q3 12014, ltm 38400, growth 41 Some(Stated), employees 27, cash 12500\n\
         B1: the year of the months is not said (\"Jan\")\n"
    );
}

#[test]
fn two_years_side_by_side_with_sums_and_notes() {
    let months = ["jan", "feb", "mars", "april", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec"];
    let mut years = vec![String::new()];
    let mut titles = vec!["Bolag (kSEK)".to_owned()];
    let mut fjord = vec!["Fjord Data AB".to_owned()];
    for (year, base) in [("2025", 100), ("2026", 150)] {
        for (at, month) in months.iter().enumerate() {
            years.push(if at == 0 { year.to_owned() } else { String::new() });
            titles.push((*month).to_owned());
            fjord.push(format!("{}", base + at));
        }
        years.push(String::new());
        titles.push("Summa".to_owned());
        fjord.push("9 999 999".to_owned());
    }
    let mut other = fjord.clone();
    other[0] = "Björk AB".to_owned();
    other[3] = "kommer".to_owned();
    other[20] = "(1 200)".to_owned();
    let mut total = fjord.clone();
    total[0] = "Totalt".to_owned();
    let note = vec!["* preliminära siffror".to_owned()];
    let sheet = KeyFigureSheet::read(&TextGrid::new([years, titles, fjord, other, total, vec![], note]));
    insta::assert_snapshot!(shown(&sheet));
}

#[test]
fn measures_in_rows_of_each_company() {
    let sheet = read(&[
        ["Selskap", "Måltall", "Q3 2025", "Q4 2025", "Q1 2026", "Q2 2026", "Q3 2026"],
        ["Nordlys AS", "Omsetning (mill. kr)", "1,0", "1,1", "1,2", "1,25", "1,3"],
        ["", "Ansatte", "10", "11", "11", "12", "14"],
        ["", "Kasse (mill. kr)", "0,5", "0,4", "0,6", "0,55", "0,7"],
        ["", "EBIT", "1", "1", "1", "1", "1"],
        ["Fjell AS", "Omsetning (mill. kr)", "2", "2", "2", "", "3"],
        ["", "Kundefornøydhet", "7", "7", "7", "7", "7"],
    ]);
    insta::assert_snapshot!(shown(&sheet));
}

#[test]
fn months_that_go_down_and_german_titles() {
    let sheet = read(&[
        ["T€", "Adler GmbH", "Biene KG"],
        ["Jan 26", "1.234,5", "10"],
        ["Feb 26", "1.300,0", "ca. 12"],
        ["Mrz 26", "1.400,25", "11"],
        ["1. Quartal 2026", "3.934,75", "33"],
        ["Mitarbeiter", "31", "4"],
    ]);
    insta::assert_snapshot!(shown(&sheet));
}

#[test]
fn what_is_no_sheet_of_key_figures_is_said() {
    for rows in [vec![], vec![vec![""]], vec![vec!["Name", "City"], vec!["Ada", "Ystad"]]] {
        let sheet = KeyFigureSheet::read(&TextGrid::new(rows));
        assert!(sheet.companies.is_empty());
        assert_eq!(sheet.issues.len(), 1);
        assert_eq!(sheet.issues[0].reason, "no row or column of months or quarters was found");
    }
}

#[test]
fn a_gap_in_the_year_leaves_the_year_out() {
    let titles = [
        "", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05",
        "2026-06", "2026-07", "2026-08", "2026-09",
    ];
    let full = ["A", "1", "1", "1", "1", "1", "1", "1", "1", "1", "2", "2", "2.5"];
    let mut gap = full;
    (gap[0], gap[5]) = ("B", "-");
    let sheet = read(&[titles, full, gap]);
    assert_eq!(sheet.companies[0].ltm_revenue.unwrap().to_string(), "15.5");
    assert_eq!(sheet.companies[1].ltm_revenue, None);
    assert_eq!(sheet.companies[1].quarter_revenue.as_ref().unwrap().amount.to_string(), "6.5");
    assert_eq!(sheet.companies[0].growth_basis, None::<GrowthBasis>);
}

#[test]
fn a_hidden_row_is_left_out_and_nothing_prints_a_cell() {
    let grid = TextGrid::new([["", "2026-07", "2026-08"], ["Hemlig AB", "1", "x-hemligt"], ["B", "1", "2"]]);
    let sheet = KeyFigureSheet::read(&grid.clone().with_hidden_rows([1]));
    assert_eq!(sheet.companies.len(), 1);
    let sheet = KeyFigureSheet::read(&grid);
    let issue: &CellIssue = &sheet.issues[0];
    assert_eq!(issue.text, "x-hemligt");
    assert!(!format!("{issue} {issue:?} {grid:?}").contains("hemligt"));
}
