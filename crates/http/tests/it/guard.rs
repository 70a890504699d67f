use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use tieline_core::http::{HttpRequest, RequestAuth, Transport};
use tieline_core::{Error, ErrorKind};
use tieline_http::{
    ClientOptions, HttpStack, NetworkPolicy, ReqwestTransport, Resolver, RetryPolicy, Timeouts,
};

use crate::Demo;

/// DNS that answers what the test says, and at last always the same.
#[derive(Debug)]
struct Lies(Mutex<VecDeque<Vec<IpAddr>>>);

impl Lies {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(parse).collect())))
    }
}

#[async_trait]
impl Resolver for Lies {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Ok(answer.unwrap_or_default())
    }
}

/// The name server of the attackers.
#[derive(Debug, Default)]
struct Names(Mutex<HashMap<String, IpAddr>>);

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.0.lock().unwrap().get(host).copied().into_iter().collect())
    }
}

static NAMES: LazyLock<Arc<Names>> = LazyLock::new(Arc::default);

static HOST: LazyLock<HttpStack> = LazyLock::new(|| {
    HttpStack::builder()
        .resolver(Arc::clone(&*NAMES) as Arc<dyn Resolver>)
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
});

/// Through the whole stack.
async fn fetch(url: &str, address: &str) -> Error {
    let url = match url.parse::<url::Url>() {
        Ok(url) => url,
        Err(_) => return Error::new(ErrorKind::Config, "not even a URL"),
    };
    if let Some(url::Host::Domain(name)) = url.host() {
        NAMES.0.lock().unwrap().insert(name.to_owned(), address.parse().unwrap());
    }
    let base = "https://api.demo.example".parse().unwrap();
    let client = HOST.client(ClientOptions::new(Arc::new(Demo::new(Vec::new())), base)).unwrap();
    // Without a credential, because with one the origin check would be first.
    client.send(HttpRequest::get(url).with_auth(RequestAuth::None)).await.unwrap_err()
}

/// One test for each hostile URL: it is refused, before anything is sent, as a matter of settings.
macro_rules! hostile {
    ($($name:ident: $url:expr $(=> $address:expr)?;)*) => { $(
        #[tokio::test]
        async fn $name() {
            #[allow(unused_mut, unused_assignments)]
            let mut address = "93.184.215.14";
            $( address = $address; )?
            let error = fetch($url, address).await;
            assert_eq!(error.kind(), ErrorKind::Config, "{} was not refused: {error}", $url);
            assert_eq!(error.attempts(), 0, "{} was tried: {error}", $url);
        }
    )* };
}

mod refuses {
    use super::*;

    hostile! {
        loopback: "https://127.0.0.1/";
        loopback_with_port: "https://127.0.0.1:8443/admin";
        loopback_elsewhere_in_its_network: "https://127.255.255.254/";
        loopback_in_decimal: "https://2130706433/";
        loopback_in_octal: "https://0177.0.0.1/";
        loopback_in_octal_whole: "https://017700000001/";
        loopback_in_hex: "https://0x7f000001/";
        loopback_in_dotted_hex: "https://0x7f.0x0.0x0.0x1/";
        loopback_in_mixed_bases: "https://0x7f.1/";
        loopback_shortened: "https://127.1/";
        loopback_shortened_to_three: "https://127.0.1/";
        loopback_in_wide_digits: "https://①②⑦.⓪.⓪.①/";
        loopback_with_ideographic_stops: "https://127。0。0。1/";
        loopback_percent_encoded: "https://%31%32%37.0.0.1/";
        loopback_with_trailing_dot: "https://127.0.0.1./";
        this_network: "https://0.0.0.0/";
        this_network_as_zero: "https://0/";
        this_network_elsewhere: "https://0.1.2.3/";
        private_ten: "https://10.0.0.1/";
        private_ten_last: "https://10.255.255.255/";
        private_172_first: "https://172.16.0.1/";
        private_172_last: "https://172.31.255.255/";
        private_192: "https://192.168.0.1/";
        private_192_in_hex: "https://0xc0a80001/";
        carrier_grade_nat: "https://100.64.0.1/";
        carrier_grade_nat_last: "https://100.127.255.255/";
        metadata_of_alibaba: "https://100.100.100.200/latest/meta-data/";
        link_local: "https://169.254.0.1/";
        metadata: "https://169.254.169.254/latest/meta-data/iam/security-credentials/";
        metadata_in_decimal: "https://2852039166/";
        metadata_in_hex: "https://0xa9fea9fe/";
        metadata_in_octal: "https://0251.0376.0251.0376/";
        metadata_of_containers: "https://169.254.170.2/v2/credentials/";
        metadata_of_azure: "https://168.63.129.16/metadata/instance";
        metadata_of_oracle: "https://192.0.0.192/latest/";
        protocol_assignments: "https://192.0.0.8/";
        documentation_one: "https://192.0.2.1/";
        documentation_two: "https://198.51.100.7/";
        documentation_three: "https://203.0.113.9/";
        six_to_four_relay: "https://192.88.99.1/";
        benchmark: "https://198.18.0.1/";
        benchmark_last: "https://198.19.255.255/";
        multicast: "https://224.0.0.1/";
        multicast_ssdp: "https://239.255.255.250/";
        reserved: "https://240.0.0.1/";
        broadcast: "https://255.255.255.255/";
        v6_unspecified: "https://[::]/";
        v6_loopback: "https://[::1]/";
        v6_loopback_written_out: "https://[0:0:0:0:0:0:0:1]:8443/";
        v6_mapped_loopback: "https://[::ffff:127.0.0.1]/";
        v6_mapped_loopback_in_hex: "https://[::ffff:7f00:1]/";
        v6_mapped_metadata: "https://[::ffff:169.254.169.254]/";
        v6_mapped_private: "https://[::ffff:10.0.0.1]/";
        v6_compatible_loopback: "https://[::127.0.0.1]/";
        v6_compatible_private: "https://[::192.168.1.1]/";
        v6_translated_loopback: "https://[::ffff:0:127.0.0.1]/";
        v6_nat64_loopback: "https://[64:ff9b::127.0.0.1]/";
        v6_nat64_metadata: "https://[64:ff9b::a9fe:a9fe]/";
        v6_nat64_private: "https://[64:ff9b::10.0.0.1]/";
        v6_nat64_of_the_network: "https://[64:ff9b:1::10.0.0.1]/";
        v6_six_to_four_private: "https://[2002:a00:1::]/";
        v6_six_to_four_loopback: "https://[2002:7f00:1::]/";
        v6_teredo: "https://[2001:0:53aa:64c:0:0:f5ff:fffe]/";
        v6_unique_local: "https://[fc00::1]/";
        v6_unique_local_random: "https://[fd12:3456:789a::1]/";
        v6_metadata: "https://[fd00:ec2::254]/latest/meta-data/";
        v6_link_local: "https://[fe80::1]/";
        v6_link_local_metadata: "https://[fe80::a9fe:a9fe]/";
        v6_site_local: "https://[fec0::1]/";
        v6_multicast: "https://[ff02::1]/";
        v6_documentation: "https://[2001:db8::1]/";
        v6_documentation_new: "https://[3fff::1]/";
        v6_benchmark: "https://[2001:2::1]/";
        v6_discard: "https://[100::1]/";
        v6_segment_routing: "https://[5f00::1]/";
        v6_with_zone: "https://[fe80::1%25eth0]/";
        name_localhost: "https://localhost/";
        name_localhost_in_capitals: "https://LOCALHOST/";
        name_localhost_with_dot: "https://localhost./";
        name_below_localhost: "https://api.localhost/";
        name_localhost_with_domain: "https://localhost.localdomain/";
        name_loopback_of_v6: "https://ip6-localhost/";
        name_of_google_metadata: "https://metadata.google.internal/computeMetadata/v1/";
        name_of_metadata: "https://metadata/";
        name_on_the_local_link: "https://printer.local/";
        name_of_an_internal_service: "https://vault.corp.internal/";
        name_that_resolves_to_loopback: "https://127.0.0.1.nip.io/" => "127.0.0.1";
        name_that_resolves_to_metadata: "https://rebind.attacker.example/" => "169.254.169.254";
        name_that_resolves_to_a_private_address: "https://intranet.attacker.example/" => "10.1.2.3";
        name_that_resolves_to_v6_loopback: "https://six.attacker.example/" => "::1";
        name_that_resolves_to_mapped_loopback: "https://mapped.attacker.example/" => "::ffff:127.0.0.1";
        name_that_resolves_to_unique_local: "https://ula.attacker.example/" => "fd00::1";
        name_without_dots_that_resolves_to_private: "https://kubernetes/" => "10.96.0.1";
        user_in_front: "https://user@api.demo.example/";
        user_and_password: "https://user:password@api.demo.example/";
        user_that_looks_like_a_host: "https://api.demo.example@127.0.0.1/";
        password_only: "https://:password@api.demo.example/";
        backslash_before_the_host: "https://api.demo.example\\@127.0.0.1/" => "127.0.0.1";
        plain_http: "http://api.demo.example/";
        plain_http_to_an_address: "http://93.184.215.14/";
        scheme_ftp: "ftp://api.demo.example/";
        scheme_file: "file:///etc/passwd";
        scheme_gopher: "gopher://127.0.0.1:6379/_FLUSHALL";
        scheme_data: "data:text/plain,hello";
        scheme_javascript: "javascript:alert(1)";
        port_zero: "https://api.demo.example:0/";
        line_end_in_the_host: "https://127.0.0\n.1/";
    }
}

#[test]
fn public_addresses_pass() {
    let policy = NetworkPolicy::public_only();
    for url in [
        "https://api.pipedrive.com/v1",
        "https://93.184.215.14/",
        "https://100.63.255.255/",
        "https://100.128.0.0/",
        "https://172.32.0.1/",
        "https://192.167.255.255/",
        "https://169.255.0.1/",
        "https://223.255.255.255/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
        "https://[64:ff9b::93.184.215.14]/",
        "https://[::ffff:93.184.215.14]/",
        "https://localhost.example.com/",
        "https://api.demo.example:8443/",
    ] {
        assert!(policy.check_url(&url.parse().unwrap()).is_ok(), "{url} was refused");
    }
}

#[test]
fn an_allowed_network_passes_also_without_tls_and_nothing_beside_it_does() {
    let policy = NetworkPolicy::public_only().allow("127.0.0.1/32").unwrap().allow(" 10.0.0.0/8 ").unwrap();
    let policy = policy.allow("fd00:1::/32").unwrap();
    for url in ["http://127.0.0.1:80", "https://10.9.8.7", "http://[::ffff:10.0.0.1]", "http://[fd00:1::5]"] {
        assert!(policy.check_url(&url.parse().unwrap()).is_ok(), "{url}");
    }
    for url in ["http://127.0.0.2", "https://192.168.0.1", "http://93.184.215.14", "https://169.254.169.254"]
    {
        assert!(policy.check_url(&url.parse().unwrap()).is_err(), "{url}");
    }
    for network in ["", "localhost", "127.0.0.1/33", "10.0.0.0/8/8"] {
        assert_eq!(NetworkPolicy::public_only().allow(network).unwrap_err().kind(), ErrorKind::Config);
        assert!(HttpStack::builder().allow_network(network).build().is_err());
    }
}

fn transport(allowed: &str, resolver: Arc<Lies>) -> ReqwestTransport {
    let policy = NetworkPolicy::public_only().allow(allowed).unwrap();
    ReqwestTransport::new(policy, Timeouts::default(), resolver).unwrap()
}

async fn ask(transport: &ReqwestTransport, url: &str) -> Result<u16, Error> {
    let request = http::Request::get(url).body(Bytes::new().into()).unwrap();
    Ok(transport.send(request).await?.status().as_u16())
}

#[tokio::test]
async fn one_bad_address_among_good_ones_refuses_the_name() {
    let server = wiremock::MockServer::start().await;
    let port = server.address().port();
    for answer in [["127.0.0.1", "169.254.169.254"], ["10.0.0.1", "127.0.0.1"], ["127.0.0.1", "::1"]] {
        let transport = transport("127.0.0.1/32", Lies::new(&[&answer]));
        let error = ask(&transport, &format!("http://two.example:{port}/")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{answer:?}: {error}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_changes_reaches_nothing_new() {
    let server = wiremock::MockServer::start().await;
    let url = format!("http://rebind.example:{}/", server.address().port());
    // First what passes, then the metadata service.
    let transport = transport("127.0.0.1/32", Lies::new(&[&["127.0.0.1"], &["169.254.169.254"]]));
    assert_eq!(ask(&transport, &url).await.unwrap(), 404);
    // A kept connection still leads to the address that was judged; a new one is judged again.
    let again = ask(&transport, &url).await;
    assert!(again.as_ref().is_ok_and(|status| *status == 404) || again.is_err_and(is_refusal));
    let error = ask(&transport, "http://rebind.example:9/").await.unwrap_err();
    assert!(is_refusal(error));
}

fn is_refusal(error: Error) -> bool {
    error.kind() == ErrorKind::Config && error.message().contains("refused")
}

#[tokio::test]
async fn a_name_without_an_address_is_told_from_a_refusal() {
    let error =
        ask(&transport("127.0.0.1/32", Lies::new(&[&[]])), "http://nowhere.example/?x").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Transport, "the connection failed, name not found")
    );
}

#[tokio::test]
async fn plain_http_by_name_goes_only_where_it_is_allowed_by_name() {
    let transport = transport("127.0.0.1/32", Lies::new(&[&["93.184.215.14"]]));
    let error = ask(&transport, "http://public.example/").await.unwrap_err();
    assert!(error.message().contains("not encrypted"), "{error}");
}
