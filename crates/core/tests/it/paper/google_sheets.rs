//! A sheet tab is an entity without keys: its rows are positions, and there is no feed of changes.

use super::*;

#[derive(Debug)]
pub(super) struct Sheets;

paper_connector! { Sheets {
    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        let mut tab = Entity::new("Prislista", "Prislista");
        tab.keys = KeyKind::Positional;
        Ok(Catalog::new(vec![tab]))
    }

    fn read(&self, _: ReadRequest) -> Result<BatchStream> {
        let rows = vec![upsert("2", r#"["Bord",1250.10]"#)];
        Ok(batches(vec![
            Batch::new("Prislista", rows, State::new(1, &())?)
                .with_pass(ReadMode::Full)
                .with_end(PassEnd::Complete),
        ]))
    }

    async fn choices(&self, request: ChoicesRequest) -> Result<Choices> {
        assert_eq!(request.field, "spreadsheet");
        Ok(Choices::new(vec![Choice { value: "1aB".into(), label: "Budget 2026".into() }]))
    }
} }

#[tokio::test]
async fn a_tab_is_read_whole_and_its_form_is_filled() {
    let read = collect(Sheets.read(ReadRequest::full("Prislista")).unwrap()).await;
    assert_eq!((read[0].pass, read[0].end), (ReadMode::Full, Some(PassEnd::Complete)));
    assert_eq!(
        Sheets.choices(ChoicesRequest::new("spreadsheet")).await.unwrap().choices[0].label,
        "Budget 2026"
    );
}
