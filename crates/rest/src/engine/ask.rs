//! The request of the next page, and what its words stand for.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tieline_core::http::HttpResponse;
use tieline_core::{Error, ErrorKind, RawJson, Result};

use super::paging::{Paging, offset_limit};
use super::plan::WalkPlan;
use super::read::Run;
use super::select::DETAILS;
use super::state::{Kind, PassState};
use super::words::RequestWords;
use crate::description::{Place, Request, Start};
use crate::stamp::Stamp;

/// The most that a time which was counted from now may be wrong, and no request is sent again for it.
const MAX_WRONG: TimeDelta = TimeDelta::seconds(10);

impl Run {
    pub(super) fn size(&self, walk: &WalkPlan) -> Option<u32> {
        let most = match self.fetches_details() {
            true => walk.walk.page_size.map(|most| most.min(DETAILS)),
            false => walk.walk.page_size,
        };
        match (self.page_size, most) {
            (Some(asked), Some(most)) => Some(asked.clamp(1, most)),
            (None, most) => most,
            // Without a bound of the provider nothing is asked for beyond what the description says.
            (Some(asked), None) => Some(asked.max(1)),
        }
    }

    /// Asks once for the names of the account's fields, where a list wants them named and nobody did.
    pub(super) async fn name_fields(&mut self, walk: &WalkPlan) -> Result<()> {
        if self.fields.is_empty() {
            let plan = Arc::clone(&self.plan);
            let entity = &plan.entity;
            self.fields =
                super::discover::field_names(&self.client, self.entity.as_str(), entity, &walk.request)
                    .await?;
        }
        Ok(())
    }

    /// The mark that a walk goes on from, in a read of changes.
    pub(super) fn mark(&self, walk: &WalkPlan, kind: Kind) -> Result<Option<Stamp>> {
        let Some(mark) = walk.mark.filter(|_| kind == Kind::Changes) else { return Ok(None) };
        let stored = self.state.marks.get(mark).and_then(Option::as_ref);
        stored.map(|stored| stored.stamp(self.client.zone)).transpose()
    }

    pub(super) fn overlap(walk: &WalkPlan, mark: &Stamp) -> TimeDelta {
        walk.walk
            .overlap
            .and_then(|overlap| TimeDelta::from_std(overlap).ok())
            .unwrap_or_else(|| mark.default_overlap())
    }

    /// Sends the request of the next page: once more when its times were counted from a clock that the answer shows to
    /// be wrong.
    pub(super) async fn ask(&self, walk: &WalkPlan, pass: &mut PassState) -> Result<HttpResponse> {
        self.ask_for(walk, &walk.request, pass).await
    }

    /// Sends one of a walk's requests.
    pub(super) async fn ask_for(
        &self,
        walk: &WalkPlan,
        request: &Request,
        pass: &mut PassState,
    ) -> Result<HttpResponse> {
        let before = self.client.now();
        let response = self.ask_once(walk, request, pass).await?;
        let moved = (self.client.now() - before).abs() > MAX_WRONG;
        if moved && request.counts_from_now() {
            return self.ask_once(walk, request, pass).await;
        }
        Ok(response)
    }

    async fn ask_once(
        &self,
        walk: &WalkPlan,
        request: &Request,
        pass: &mut PassState,
    ) -> Result<HttpResponse> {
        let paging = Paging::of(request, &walk.walk);
        let at = &mut pass.at;
        let mark = self.mark(walk, pass.kind)?;
        let mut since = mark.as_ref().map(|mark| mark.minus(Self::overlap(walk, mark)));
        let mut until = None;
        if since.is_none()
            && let Some(start) = walk.walk.start
        {
            since = Some(Stamp::at(began(start, self.client.now())));
        }
        if let Some(window) = walk.walk.window.and_then(|window| TimeDelta::from_std(window).ok()) {
            let form = since.clone().unwrap_or_else(|| Stamp::at(self.client.now()));
            let from = *at.from.get_or_insert_with(|| form.instant().unwrap_or_else(|| self.client.now()));
            let end = (from + window).min(self.client.now());
            since = Some(form.like(from));
            until = Some(form.like(end));
        } else if request.uses(&|word| *word == crate::template::WordName::Until) {
            until = Some(Stamp::at(self.client.now()));
        }
        // Behind a cap the list begins anew where it ended.
        if let Some(again) = &at.again {
            since = Some(again.stamp(self.client.zone)?);
        }
        let size = match at.page_size {
            Some(size) => Some(size),
            None => self.size(walk),
        };
        if paging == Paging::Page {
            at.page_size = size;
        }
        let words = RequestWords {
            page: (paging == Paging::Page).then(|| at.pages + u64::from(walk.walk.first_page.unwrap_or(1))),
            offset: (paging == Paging::Offset).then(|| at.offset.start()),
            next: at.next.as_deref(),
            last: Some(&at.last),
            page_size: match (paging, size) {
                (Paging::Offset, Some(size)) => Some(offset_limit(&at.offset, &walk.walk, size)),
                (_, size) => size,
            },
            fields: self.fields.clone(),
            since,
            until,
            started: Some(Stamp::at(pass.started.unwrap_or_else(|| self.client.now()))),
            token: self.state.token.as_deref().filter(|_| pass.kind == Kind::Changes),
            parents: self.parents.clone(),
            parent_record: self.parent_record.as_ref().map(RawJson::get),
            each: walk.each.clone(),
            id: at.job.as_deref(),
            query: self.selection.query.clone(),
            ..self.client.words()
        };
        let sends_token = request.uses(&|word| *word == crate::template::WordName::Token);
        let link = words.token.filter(|_| walk.walk.token.is_some() && !sends_token && at.pages == 0);
        let follows = if paging == Paging::Follow { at.next.as_deref() } else { None };
        match follows.or(link) {
            Some(address) => {
                self.client.follow(request, &words, address, walk.walk.resend == Some(true)).await
            }
            None => self.client.send(request, &words, true).await,
        }
    }

    /// The parent's record, where a request has its fields as words.
    pub(super) async fn find_parent(&mut self, walk: &WalkPlan) -> Result<()> {
        let uses = walk.request.uses(&|word| matches!(word, crate::template::WordName::Parent(_)));
        if uses && self.parent_record.is_none() {
            let plan = Arc::clone(&self.plan);
            let entity = &plan.entity;
            let record = super::lookup::parent_record(&self.client, entity, &self.parents).await?;
            self.parent_record = Some(record);
        }
        Ok(())
    }
}

fn began(start: Start, now: DateTime<Utc>) -> DateTime<Utc> {
    match start {
        Start::Ago(ago) => {
            TimeDelta::from_std(ago).ok().and_then(|ago| now.checked_sub_signed(ago)).unwrap_or(now)
        }
        Start::Day(day) => day.and_hms_opt(0, 0, 0).map_or(now, |time| time.and_utc()),
    }
}

impl Run {
    /// Asks for the token from which increments will go on, before everything is read.
    pub(super) async fn first_token(&self, pass: &mut PassState) -> Result<()> {
        let begins = pass.kind == Kind::Full && pass.walk == 0 && pass.at.pages == 0 && pass.token.is_none();
        let Some(request) = self.plan.entity.token_from.as_ref().filter(|_| begins) else { return Ok(()) };
        let words = RequestWords { parents: self.parents.clone(), ..self.client.words() };
        let response = self.client.send(request, &words, true).await?;
        let walk = request.walk.over(&self.plan.entity.walk);
        let body = match &walk.token {
            Some(Place::Body(path)) => super::fields::text_at(response.text()?, &path.to_string()),
            _ => None,
        };
        let found = match &walk.token {
            Some(place) => super::paging::from_header(place, &response, body)?,
            None => None,
        };
        let missing = || Error::new(ErrorKind::Decode, "the answer has no token for the increments to come");
        pass.token = Some(found.ok_or_else(|| missing().with_context("path", request.shown.as_str()))?);
        Ok(())
    }
}
