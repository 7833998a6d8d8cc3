//! The rule for the password of an owner whom an operator makes.

use anyhow::bail;

/// Refuses a password that is easily guessed, wherever it was given.
///
/// # Errors
///
/// Fails with the rule that the password breaks. The error does not repeat it.
pub(crate) fn check_owner_password(password: Option<&str>) -> anyhow::Result<()> {
    let Some(password) = password else {
        return Ok(());
    };
    if let Err(weak) = ::backend::check_owner_password(password) {
        bail!(
            "the password of the owner is too weak: --owner-password {weak}; leave it out to \
             have one made up"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_password_is_refused_with_the_rule_and_not_repeated() {
        for (password, rule) in [
            ("canary", "must have 8 characters or more"),
            ("canarycanary", ""),
            ("cccccccccc", "must not be one that everybody tries"),
        ] {
            let checked = check_owner_password(Some(password));
            let Err(error) = checked else {
                assert!(rule.is_empty(), "{password} is weak");
                continue;
            };
            let error = error.to_string();
            assert!(!rule.is_empty() && error.contains(rule), "{error}");
            assert!(!error.contains(password), "{error}");
        }
    }

    #[test]
    fn without_a_password_one_is_made_up() {
        check_owner_password(None).expect("one is made up");
    }
}
