//! The tokens of a client: logs in, and replaces them in time.
//!
//! All callers share one login. What it came to is told to everybody who waited for it.

use std::sync::{Arc, Mutex as Plain, PoisonError};
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::config::Config;
use crate::credentials::{Kind, Secret};
use crate::generated::v2::auth_service_client::AuthServiceClient;
use crate::generated::v2::{CreateTokenRequest, RefreshTokenRequest, Token};
use crate::transport::Transport;

/// An access token as it is sent, and which one it is.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) header: HeaderValue,
    number: u64,
}

#[derive(Clone, Debug)]
struct Tokens {
    access: Access,
    refresh: Option<Secret>,
    /// When to replace them; `None` where nobody can tell, and then a refused call does.
    due: Option<Instant>,
    ends: Option<Instant>,
}

/// What the logins have come to.
#[derive(Debug, Default)]
struct State {
    tokens: Option<Tokens>,
    /// Why the latest login failed.
    failure: Option<Status>,
    /// How many logins there were.
    logins: u64,
    /// Before then there is no other login but of a token that ends.
    paused_until: Option<Instant>,
}

/// The tokens of a client.
#[derive(Clone, Debug)]
pub(crate) struct Session(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    credentials: Kind,
    auth: AuthServiceClient<Transport>,
    refresh_before: Duration,
    pause: Duration,
    state: Plain<State>,
    /// Held by who logs in.
    turn: Arc<Mutex<()>>,
}

impl Session {
    pub(crate) fn new(transport: Transport, config: &Config) -> Result<Self, Status> {
        let credentials = config.credentials.0.clone();
        let mut state = State::default();
        match &credentials {
            Kind::Token(token) => {
                state.tokens = Some(Tokens {
                    access: access(token.reveal(), 0)?,
                    refresh: None,
                    due: None,
                    ends: None,
                });
            }
            Kind::Anonymous | Kind::Password { .. } | Kind::RefreshToken(_) => {}
        }
        Ok(Self(Arc::new(Inner {
            credentials,
            auth: AuthServiceClient::new(transport),
            refresh_before: config.refresh_before,
            pause: config.login_pause,
            state: Plain::new(state),
            turn: Arc::default(),
        })))
    }

    /// The token to call with; none for somebody anonymous. Logs in where there is none,
    /// and replaces one that is about to end.
    pub(crate) async fn access(&self) -> Result<Option<Access>, Status> {
        let now = Instant::now();
        let logins = {
            let state = self.0.state();
            let passed = |end: Option<Instant>| end.is_some_and(|end| end <= now);
            match &state.tokens {
                Some(tokens) if !passed(tokens.due) => return Ok(Some(tokens.access.clone())),
                // It is still good while somebody gets the next one, and after that failed.
                Some(tokens) if !passed(tokens.ends) => {
                    let is_taken = self.0.turn.try_lock().is_err();
                    if is_taken || state.is_paused(now) {
                        return Ok(Some(tokens.access.clone()));
                    }
                }
                None if matches!(self.0.credentials, Kind::Anonymous) => return Ok(None),
                _ => {}
            }
            if let Some(failure) = state.failure.as_ref().filter(|_| state.is_paused(now)) {
                return Err(failure.clone());
            }
            state.logins
        };
        self.log_in(logins).await.map(Some)
    }

    /// The token to call with after one was refused; none if there is no better one.
    pub(crate) async fn access_after(&self, refused: &Access) -> Option<Access> {
        let logins = {
            let state = self.0.state();
            let tokens = state.tokens.as_ref()?;
            if tokens.access.number != refused.number {
                return Some(tokens.access.clone());
            }
            let is_fixed = matches!(self.0.credentials, Kind::Anonymous | Kind::Token(_));
            if is_fixed || state.is_paused(Instant::now()) {
                return None;
            }
            state.logins
        };
        let access = self.log_in(logins).await.ok()?;
        (access.number != refused.number).then_some(access)
    }

    /// The refresh token, where there is one.
    pub(crate) fn refresh_token(&self) -> Option<String> {
        let state = self.0.state();
        let refresh = state
            .tokens
            .as_ref()
            .and_then(|tokens| tokens.refresh.as_ref());
        refresh.map(|secret| secret.reveal().to_owned())
    }

    /// Logs in, unless somebody has since there were so many logins.
    async fn log_in(&self, logins: u64) -> Result<Access, Status> {
        let turn = Arc::clone(&self.0.turn).lock_owned().await;
        if self.0.state().logins == logins {
            // Goes on where its caller gives up: a refresh token is good for one use.
            let task = tokio::spawn(Arc::clone(&self.0).take_turn(turn));
            let done = task.await;
            done.map_err(|_| Status::internal("the login was broken off"))?;
        } else {
            drop(turn);
        }
        let state = self.0.state();
        if let Some(failure) = &state.failure {
            let is_good = |tokens: &&Tokens| tokens.ends.is_some_and(|end| end > Instant::now());
            return match state.tokens.as_ref().filter(is_good) {
                Some(tokens) => Ok(tokens.access.clone()),
                None => Err(failure.clone()),
            };
        }
        let tokens = state.tokens.as_ref().map(|tokens| tokens.access.clone());
        tokens.ok_or_else(|| Status::internal("a login has neither failed nor succeeded"))
    }
}

impl State {
    fn is_paused(&self, now: Instant) -> bool {
        self.paused_until.is_some_and(|until| now < until)
    }
}

impl Inner {
    /// What is known. A panic leaves it whole: it is changed in one step.
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take_turn(self: Arc<Self>, turn: OwnedMutexGuard<()>) {
        let got = self.get().await;
        let now = Instant::now();
        {
            let mut state = self.state();
            state.logins += 1;
            let number = state.logins;
            let got = got.and_then(|token| Tokens::new(token, number, now, self.refresh_before));
            let mut pause = self.pause;
            match got {
                Ok(tokens) => {
                    state.tokens = Some(tokens);
                    state.failure = None;
                }
                Err(status) => {
                    let asked = status.get_details_retry_info();
                    let asked = asked.and_then(|info| info.retry_delay);
                    pause = pause.max(asked.unwrap_or_default());
                    state.failure = Some(status);
                }
            }
            state.paused_until = now.checked_add(pause);
        }
        drop(turn);
    }

    /// Gets a new pair of tokens, by refresh token where there is one.
    async fn get(&self) -> Result<Token, Status> {
        let refresh = self
            .state()
            .tokens
            .as_ref()
            .and_then(|tokens| tokens.refresh.clone());
        let given = match &self.credentials {
            Kind::RefreshToken(token) => Some(token.clone()),
            _ => None,
        };
        let refused = match refresh.or(given) {
            Some(token) => match self.refresh(token).await {
                Err(status) if status.code() == Code::Unauthenticated => status,
                other => return other,
            },
            None => Status::unauthenticated("there are no credentials to log in with"),
        };
        let Kind::Password { email, password } = &self.credentials else {
            return Err(refused);
        };
        let request = CreateTokenRequest {
            email: Some(email.clone()),
            password: Some(password.reveal().to_owned()),
            ..CreateTokenRequest::default()
        };
        let reply = self.auth.clone().create_token(request).await?;
        reply.into_inner().token.ok_or_else(no_token)
    }

    async fn refresh(&self, token: Secret) -> Result<Token, Status> {
        let request = RefreshTokenRequest {
            refresh_token: token.reveal().to_owned(),
        };
        let reply = self.auth.clone().refresh_token(request).await?;
        reply.into_inner().token.ok_or_else(no_token)
    }
}

impl Tokens {
    fn new(token: Token, number: u64, now: Instant, before: Duration) -> Result<Self, Status> {
        let text = token.token.ok_or_else(no_token)?;
        let end = token
            .expires_at
            .and_then(|end| SystemTime::try_from(end).ok());
        // One that has ended already tells that the clocks differ.
        let life = end.and_then(|end| end.duration_since(SystemTime::now()).ok());
        let due = life.map(|life| life.saturating_sub(before.min(life / 10)));
        Ok(Self {
            access: access(&text, number)?,
            refresh: token.refresh_token.map(Secret::from),
            due: due.and_then(|due| now.checked_add(due)),
            ends: life.and_then(|life| now.checked_add(life)),
        })
    }
}

fn no_token() -> Status {
    Status::internal("the login has brought no token")
}

fn access(token: &str, number: u64) -> Result<Access, Status> {
    let header = HeaderValue::try_from(format!("Bearer {token}"));
    let mut header =
        header.map_err(|_| Status::invalid_argument("a token has a character that is none"))?;
    header.set_sensitive(true);
    Ok(Access { header, number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(life: Duration, before: Duration) -> (Tokens, Instant) {
        let now = Instant::now();
        let token = Token {
            token: Some("hunter2".to_owned()),
            refresh_token: Some("hunter2".to_owned()),
            expires_at: Some((SystemTime::now() + life).into()),
            ..Token::default()
        };
        let tokens = Tokens::new(token, 1, now, before).expect("is a token");
        (tokens, now)
    }

    #[test]
    fn a_token_is_replaced_before_it_ends() {
        let (tokens, now) = tokens(Duration::from_hours(24), Duration::from_mins(5));
        let due = tokens.due.expect("it ends");
        assert!(due <= now + Duration::from_hours(24) - Duration::from_mins(5));
        assert!(due > now + Duration::from_hours(23));
    }

    #[test]
    fn a_short_token_is_used_for_most_of_its_life() {
        let (tokens, now) = tokens(Duration::from_mins(1), Duration::from_mins(5));
        assert!(tokens.due.expect("it ends") > now + Duration::from_secs(50));
    }

    #[test]
    fn a_clock_that_is_wrong_does_not_replace_a_new_token() {
        let token = Token {
            token: Some("text".to_owned()),
            expires_at: Some(prost_types::Timestamp::default()),
            ..Token::default()
        };
        let tokens = Tokens::new(token, 1, Instant::now(), Duration::ZERO).expect("is a token");
        assert!(tokens.due.is_none() && tokens.ends.is_none());
    }

    #[test]
    fn debug_shows_no_token() {
        let (tokens, _) = tokens(Duration::from_mins(1), Duration::ZERO);
        let shown = format!("{tokens:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
