//! The chores as people run them.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::path::Path;
use std::process::Command;

const OPENAPI: &str = r##"
openapi: 3.0.3
paths:
  /notes:
    get:
      responses:
        "200":
          content:
            application/json:
              schema: {type: object, properties: {data: {type: array, items: {$ref: "#/components/schemas/Note"}}}}
components:
  schemas:
    Note: {type: object, properties: {id: {type: string, format: uuid}, text: {type: string}}}
    Base: {type: object, properties: {id: {type: integer, readOnly: true}, made: {type: string, format: date-time}}}
    Deal:
      allOf:
        - $ref: "#/components/schemas/Base"
        - type: object
          properties:
            title: {type: string}
            value: {type: number, nullable: true}
            closes: {type: [string, "null"], format: date}
            labels: {type: array, items: {type: integer}}
            owner: {oneOf: [{type: "null"}, {$ref: "#/components/schemas/Base"}]}
            loop: {$ref: "#/components/schemas/Loop"}
    Loop: {allOf: [{$ref: "#/components/schemas/Loop"}]}
    DealCreate: {type: object, properties: {title: {type: string}, value: {type: number}, made: {type: string}, note: {type: string}}}
    DealUpdate: {type: object, properties: {title: {type: string}, value: {type: number, nullable: true}, closes: {type: string, nullable: true}}}
"##;

const DISCOVERY: &str = r#"{"discoveryVersion": "v1", "schemas": {
    "File": {"type": "object", "properties": {
        "id": {"type": "string"}, "size": {"type": "string", "format": "int64", "readOnly": true},
        "modifiedTime": {"type": "string", "format": "date-time"}, "parents": {"type": "array", "items": {"type": "string"}},
        "owner": {"$ref": "User"}}},
    "User": {"type": "object", "properties": {"me": {"type": "boolean"}}}}}"#;

const CSDL: &str = r#"<?xml version="1.0"?>
<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>
<Schema Namespace="crm" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EnumType Name="Stage"><Member Name="Open"/></EnumType>
  <EntityType Name="Item"><Key><PropertyRef Name="no"/></Key>
    <Property Name="no" Type="Edm.String" Nullable="false"/>
    <Property Name="changed" Type="Edm.DateTimeOffset"><Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>
  </EntityType>
  <EntityType Name="Sale" BaseType="crm.Item">
    <Property Name="amount" Type="Edm.Decimal"/><Property Name="stage" Type="crm.Stage"/>
    <Property Name="tags" Type="Collection(Edm.String)"/>
  </EntityType>
</Schema></edmx:DataServices></edmx:Edmx>"#;

const SDL: &str = r#"
enum Status { OPEN DONE }
"A sale."
type Order implements Node @tagged { id: ID!  name: String!  total(currency: String): Money  status: Status  at: DateTime!
  lines(first: Int!): [Line!]!  tags: [String!]!  customerId: ID }
type Line { id: ID! }
input OrderInput { name: String!  tags: [String!]  secret: String }
"#;

#[test]
fn fields_of_openapi() {
    assert_eq!(
        fields("api.yaml", OPENAPI, &["deals=Deal,DealCreate,DealUpdate"]),
        "[deals]\nid id\nmade time w+\ntitle text w\nvalue decimal o\ncloses date o~\nlabels ids\nowner any\nloop any\n\
         note text w+ hidden\n"
    );
    let pointer =
        "notes=/paths/~1notes/get/responses/200/content/application~1json/schema/properties/data/items";
    assert_eq!(fields("api.yaml", OPENAPI, &[pointer]), "[notes]\nid uuid\ntext text\n");
    assert_eq!(
        fields("api.yaml", OPENAPI, &[]),
        "    2  Note\n    2  Base\n    8  Deal\n    0  Loop\n    4  DealCreate\n    3  DealUpdate\n"
    );
}

#[test]
fn fields_of_a_discovery_document() {
    assert_eq!(
        fields("drive.json", DISCOVERY, &["files=File,File,File", "users=User"]),
        "[files]\nid id w\nsize int\nmodifiedTime time w\nparents texts w\nowner any w\n\n[users]\nme flag\n"
    );
}

#[test]
fn fields_of_csdl() {
    assert_eq!(
        fields("metadata.xml", CSDL, &["sales=Sale,Sale,Sale"]),
        "[sales]\nno id w\nchanged time\namount decimal o\nstage text o\ntags texts o\n"
    );
}

#[test]
fn fields_of_a_graphql_schema() {
    assert_eq!(
        fields("shop.graphql", SDL, &["orders=Order,OrderInput"]),
        "[orders]\nid id\nname text w\ntotal decimal\nstatus text\nat time\ntags texts o\ncustomerId text\nsecret text o hidden\n"
    );
}

#[test]
fn mistakes_are_said() {
    for (file, text, entity, expected) in [
        (
            "api.yaml",
            OPENAPI,
            "deals=Dael",
            "error: the description has no type \"Dael\": did you mean \"Deal\"?\n",
        ),
        (
            "api.yaml",
            OPENAPI,
            "deals",
            "error: \"deals\" is no entity with its types: write ENTITY=READ or ENTITY=READ,CREATE\n",
        ),
        ("api.json", "{}", "a=A", "error: the file is no OpenAPI, Swagger or discovery document\n"),
        ("api.xml", "<a/>", "a=A", "error: the file is no CSDL: it has no entity types\n"),
        ("api.graphql", "scalar A", "a=A", "error: the schema has no object types\n"),
    ] {
        let (code, _, error) = run(file, text, &[entity]);
        assert_eq!((code, error.as_str()), (Some(1), expected));
    }
}

fn fields(file: &str, text: &str, entities: &[&str]) -> String {
    let (code, printed, error) = run(file, text, entities);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    printed
}

fn run(file: &str, text: &str, entities: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = Path::new(folder.path()).join(file);
    std::fs::write(&path, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tieline-xtask"))
        .arg("fields")
        .arg(&path)
        .args(entities)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}
