//! GBG as its customers see it, played on this machine: ID3global's SOAP call, GO's token, start and
//! state, in the shapes that they have. It answers as it is told and keeps what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use kyc::providers::Hosts;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// One answer.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    /// A body that means something.
    Body(String),
    /// A status, with `Retry-After` where there is one.
    Status(u16, Option<&'static str>),
    /// Nothing, ever.
    Nothing,
}

/// What it was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    /// `Idempotency-Key`.
    pub(crate) key: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) body: String,
}

#[derive(Default)]
struct Play {
    asked: Vec<Asked>,
    /// What is said first, by path; what is said ever after.
    first: VecDeque<(String, Say)>,
    band: String,
    outcome: Option<String>,
    tokens: usize,
    images: usize,
    takes: Duration,
}

/// The play.
#[derive(Clone)]
pub(crate) struct Gbg {
    play: Arc<Mutex<Play>>,
    url: String,
}

pub(crate) const SOAP: &str = "/soap";
pub(crate) const IMAGES: &str = "/images";
pub(crate) const TOKEN: &str = "/token";
pub(crate) const START: &str = "/go/journey/start";
pub(crate) const STATE: &str = "/go/journey/state/fetch";

impl Gbg {
    /// One that finds everybody good.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let outcome = Some("Decision: Accept".to_owned());
        let play = Play { band: "PASS".into(), outcome, ..Play::default() };
        let gbg = Self { play: Arc::new(Mutex::new(play)), url };
        let router = Router::new().fallback(answer).with_state(gbg.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        gbg
    }

    pub(crate) fn hosts(&self) -> Hosts {
        Hosts {
            id3global: Some(format!("{}{SOAP}", self.url)),
            id3global_images: Some(format!("{}{IMAGES}", self.url)),
            go: Some(format!("{}/go", self.url)),
            go_token: Some(format!("{}{TOKEN}", self.url)),
            go_without_images: false,
        }
    }

    pub(crate) fn says_band(&self, band: &str) {
        band.clone_into(&mut self.play.lock().unwrap().band);
    }

    /// None: it is still at it.
    pub(crate) fn says_outcome(&self, outcome: Option<&str>) {
        self.play.lock().unwrap().outcome = outcome.map(str::to_owned);
    }

    /// How long it thinks before it hears.
    pub(crate) fn takes(&self, takes: Duration) {
        self.play.lock().unwrap().takes = takes;
    }

    /// Once, the next time that this is asked.
    pub(crate) fn says_first(&self, path: &str, say: Say) {
        self.play.lock().unwrap().first.push_back((path.to_owned(), say));
    }

    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let play = self.play.lock().unwrap();
        play.asked.iter().filter(|asked| asked.path == path).cloned().collect()
    }

    fn say(&self, asked: &Asked) -> Say {
        let mut play = self.play.lock().unwrap();
        let path = asked.path.clone();
        play.asked.push(asked.clone());
        let text = |pointer| {
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            body.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
        };
        if let Some(at) = play.first.iter().position(|(first, _)| *first == path) {
            return play.first.remove(at).unwrap().1;
        }
        match path.as_str() {
            SOAP => Say::Body(soap(&play.band)),
            IMAGES => {
                play.images = play.images.wrapping_add(1);
                Say::Body(uploaded(play.images))
            }
            TOKEN => {
                play.tokens = play.tokens.wrapping_add(1);
                let token = format!("token-{}", play.tokens);
                Say::Body(json!({"access_token": token, "expires_in": 3600}).to_string())
            }
            START => {
                let uid = text("/context/subject/uid");
                Say::Body(json!({"instanceId": format!("instance-of-{uid}")}).to_string())
            }
            STATE => Say::Body(state(&text("/instanceId"), play.outcome.as_deref())),
            _ => Say::Status(404, None),
        }
    }
}

pub(crate) fn soap(band: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
         <AuthenticateSPResponse xmlns=\"http://www.id3global.com/ID3gWS/2013/04\">\
         <AuthenticateSPResult xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <AuthenticationID>00000000-0000-0000-0000-000000000000</AuthenticationID>\
         <ProfileName>Standard</ProfileName><ResultCodes/><Score>3001</Score>\
         <BandText>{band}</BandText></AuthenticateSPResult>\
         </AuthenticateSPResponse></s:Body></s:Envelope>"
    )
}

fn uploaded(image: usize) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
         <UploadAndProcessResponse xmlns=\"http://www.id3global.com/ID3gWS/2013/04\">\
         <UploadAndProcessResult xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <OrgID>00000000-0000-0000-0000-000000000000</OrgID>\
         <AuthenticationID>image-{image}</AuthenticationID><Status>Completed</Status>\
         </UploadAndProcessResult></UploadAndProcessResponse></s:Body></s:Envelope>"
    )
}

pub(crate) fn fault(code: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault>\
         <faultcode>{code}</faultcode><faultstring>Joe Bloggs is unknown</faultstring>\
         </s:Fault></s:Body></s:Envelope>"
    )
}

fn state(instance: &str, outcome: Option<&str>) -> String {
    let status = if outcome.is_some() { "Completed" } else { "InProgress" };
    let result = match outcome {
        Some(outcome) => json!({"status": "complete", "outcome": outcome}),
        None => json!({"status": "pending", "advice": {}}),
    };
    let context = json!({"process": {"steps": []}, "subject": {}, "result": result});
    json!({"instanceId": instance, "status": status, "context": context}).to_string()
}

async fn answer(State(gbg): State<Gbg>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let body = axum::body::to_bytes(body, 1 << 25).await.unwrap();
    let asked = Asked {
        path: parts.uri.path().to_owned(),
        key: header("idempotency-key"),
        authorization: header("authorization"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let takes = gbg.play.lock().unwrap().takes;
    tokio::time::sleep(takes).await;
    match gbg.say(&asked) {
        Say::Body(body) if body.contains("Fault>") => respond(500, None, body),
        Say::Body(body) => respond(200, None, body),
        Say::Status(status, retry_after) => respond(status, retry_after, String::new()),
        Say::Nothing => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            respond(500, None, String::new())
        }
    }
}

fn respond(status: u16, retry_after: Option<&str>, body: String) -> Response {
    let mut response = Response::builder().status(status);
    if let Some(value) = retry_after {
        response = response.header("Retry-After", value);
    }
    response.body(Body::from(body)).unwrap()
}
