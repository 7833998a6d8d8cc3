//! The rule for the password of an owner whom an operator makes.

use anyhow::bail;

/// The fewest characters of the password of an owner, which is the key to everything
/// (NIST SP 800-63B asks for as many of any password).
const MIN_OWNER_PASSWORD: usize = 8;

/// Refuses a password that is easily guessed.
///
/// # Errors
///
/// Fails with the rule that the password breaks. The error does not repeat it.
pub(crate) fn check_owner_password(password: Option<&str>) -> anyhow::Result<()> {
    let Some(password) = password else {
        return Ok(());
    };
    if password.chars().count() < MIN_OWNER_PASSWORD {
        bail!(
            "the password of the owner is too weak: --owner-password must have \
             {MIN_OWNER_PASSWORD} characters or more; leave it out to have one made up"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_password_is_refused_with_the_rule_and_not_repeated() {
        for password in ["", "canary", "ünïcöde"] {
            let error = check_owner_password(Some(password)).expect_err(password);
            let error = error.to_string();
            assert!(error.contains("must have 8 characters or more"), "{error}");
            assert!(password.is_empty() || !error.contains(password), "{error}");
        }
    }

    #[test]
    fn a_longer_one_and_none_are_accepted() {
        check_owner_password(Some("12345678")).expect("it is long enough");
        check_owner_password(None).expect("one is made up");
    }
}
