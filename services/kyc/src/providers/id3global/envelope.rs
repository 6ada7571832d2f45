//! Questions and answers of ID3global as XML. Whatever goes in is escaped; what comes out is read as a
//! stream of elements, of which three count, and no document type is taken.

use std::io;

use base64::{Engine, prelude::BASE64_STANDARD};
use quick_xml::{
    Reader, Writer, XmlVersion,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use crate::providers::{
    ProviderError, Subject, Submission,
    account::{Account, Secret},
    http::malformed,
};

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SERVICE: &str = "http://www.id3global.com/ID3gWS/2013/04";
const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const PASSWORD: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

/// What is in an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Band(String),
    /// What an image is called from now on.
    Image(String),
    /// The code of a fault, with its prefix.
    Fault(String),
}

/// The question, in the order of elements that the service wants. `images` are what it calls those that it
/// was given before.
pub(super) fn write(
    account: &Account,
    password: &Secret,
    submission: &Submission,
    images: &[String],
) -> io::Result<Vec<u8>> {
    envelope(account, password, |xml| {
        xml.element("AuthenticateSP", &[("xmlns", SERVICE)], |xml| {
            xml.text("CustomerReference", &[], &submission.verification.to_string())?;
            xml.element("ProfileIDVersion", &[], |xml| {
                xml.text("ID", &[], &account.profile)?;
                xml.text("Version", &[], &account.profile_version)
            })?;
            xml.element("InputData", &[], |xml| {
                xml.images(images)?;
                xml.subject(&submission.subject)
            })
        })
    })
}

/// An image of a document, to be named in a question.
pub(super) fn write_image(
    account: &Account,
    password: &Secret,
    image: &[u8],
) -> io::Result<Vec<u8>> {
    envelope(account, password, |xml| {
        xml.element("UploadAndProcess", &[("xmlns", SERVICE)], |xml| {
            xml.text("DocImage", &[], &BASE64_STANDARD.encode(image))
        })
    })
}

fn envelope(
    account: &Account,
    password: &Secret,
    body: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let mut xml = Xml(Writer::new(Vec::new()));
    xml.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    xml.element("s:Envelope", &[("xmlns:s", SOAP), ("xmlns:o", SECURITY)], |xml| {
        xml.element("s:Header", &[], |xml| {
            xml.element("o:Security", &[("s:mustUnderstand", "1")], |xml| {
                xml.element("o:UsernameToken", &[], |xml| {
                    xml.text("o:Username", &[], &account.name)?;
                    xml.text("o:Password", &[("Type", PASSWORD)], password.text())
                })
            })
        })?;
        xml.element("s:Body", &[], body)
    })?;
    Ok(xml.0.into_inner())
}

struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        inside: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        let start = BytesStart::new(name).with_attributes(attributes.iter().copied());
        self.0.write_event(Event::Start(start))?;
        inside(self)?;
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        self.element(name, attributes, |xml| xml.0.write_event(Event::Text(BytesText::new(text))))
    }

    /// A text that may be absent.
    fn given(&mut self, name: &str, text: &str) -> io::Result<()> {
        if text.is_empty() { Ok(()) } else { self.text(name, &[], text) }
    }

    fn images(&mut self, images: &[String]) -> io::Result<()> {
        if images.is_empty() {
            return Ok(());
        }
        self.element("Images", &[], |xml| {
            for image in images {
                xml.element("GlobalImage", &[], |xml| xml.text("AuthenticationID", &[], image))?;
            }
            Ok(())
        })
    }

    fn subject(&mut self, subject: &Subject) -> io::Result<()> {
        self.element("Personal", &[], |xml| {
            xml.element("PersonalDetails", &[], |xml| {
                xml.given("Forename", &subject.first_name)?;
                xml.given("MiddleName", &subject.middle_name)?;
                xml.given("Surname", &subject.last_name)?;
                let mut born = subject.date_of_birth.splitn(3, '-');
                let (year, month) = (born.next(), born.next());
                xml.given("DOBDay", born.next().unwrap_or_default())?;
                xml.given("DOBMonth", month.unwrap_or_default())?;
                xml.given("DOBYear", year.unwrap_or_default())
            })
        })?;
        let address = &subject.address;
        self.element("Addresses", &[], |xml| {
            xml.element("CurrentAddress", &[], |xml| {
                xml.given("Country", &address.iso_country)?;
                xml.given("Street", &address.street)?;
                xml.given("City", &address.city)?;
                xml.given("Region", &address.region)?;
                xml.given("ZipPostcode", &address.postal_code)?;
                xml.given("Building", &address.number)?;
                xml.given("SubBuilding", &address.refinement)
            })
        })
    }
}

/// The band, the name of the image, or the fault in an answer.
pub(super) fn read(body: &[u8]) -> Result<Reply, ProviderError> {
    let mut reader = Reader::from_reader(body);
    let (mut path, mut text) = (Vec::new(), String::new());
    loop {
        match reader.read_event().map_err(|_| malformed("it is no XML"))? {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_vec());
                text.clear();
            }
            Event::Text(piece) => {
                let piece = piece.xml_content(XmlVersion::Implicit1_0);
                text.push_str(&piece.map_err(|_| malformed("it is no text"))?);
            }
            Event::End(_) => {
                if let Some(reply) = reply(&path, &text) {
                    return Ok(reply);
                }
                path.pop();
                text.clear();
            }
            Event::DocType(_) => return Err(malformed("it has a document type")),
            Event::Eof => return Err(malformed("it has neither what was asked for nor a fault")),
            Event::CData(piece) => {
                let piece = piece.xml_content(XmlVersion::Implicit1_0);
                text.push_str(&piece.map_err(|_| malformed("it is no text"))?);
            }
            // No band and no code has one: what would be left without it is another word.
            Event::GeneralRef(_) => text.push(char::REPLACEMENT_CHARACTER),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// What the element that ends says, if it is one of those that count.
fn reply(path: &[Vec<u8>], text: &str) -> Option<Reply> {
    let mut inner = path.iter().rev().map(Vec::as_slice);
    let text = text.trim();
    match (inner.next()?, inner.next()?) {
        (b"BandText", b"AuthenticateSPResult") if !text.is_empty() => {
            Some(Reply::Band(text.to_owned()))
        }
        (b"AuthenticationID", b"UploadAndProcessResult") if !text.is_empty() => {
            Some(Reply::Image(text.to_owned()))
        }
        (b"faultcode", b"Fault") => Some(Reply::Fault(text.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
