//! The laws, and what each of them says.

macro_rules! laws {
    ($($name:ident $id:literal $subject:ident $meaning:literal)*) => {
        /// Something that holds between the replies of a server that keeps its
        /// contract.
        ///
        /// A finding about a law has the law's [`id`](Law::id) as its identifier.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Law {
            $(#[doc = $meaning] $name,)*
        }

        impl Law {
            /// Every law, in the order of the documentation.
            pub const ALL: &[Law] = &[$(Law::$name,)*];

            /// The identifier in reports, in kebab-case. It does not change between
            /// versions.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// What the law says, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }

            /// What the law is about.
            #[must_use]
            pub const fn subject(self) -> Subject {
                match self { $(Self::$name => Subject::$subject,)* }
            }
        }
    };
}

/// What a law is about. Each subject has a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The pages of a list.
    Paging,
    /// The order of a list.
    Sorting,
    /// The conditions of a list.
    Filters,
    /// The properties that a list is asked for.
    Select,
    /// What is created and changed.
    Writes,
    /// What is deleted.
    Deletion,
    /// What must be refused.
    Refusals,
    /// What must not be told.
    Secrets,
    /// What replies, and errors above all, carry.
    Errors,
    /// What is seen at least once.
    Coverage,
}

laws! {
    PagesJoinToList "pages-join-to-list" Paging
        "The pages of a list, one after the other, are the whole list: each element once, in order."
    PageWithinLimit "page-within-limit" Paging
        "A page has no more elements than the request allows."
    PageLinksLeadOn "page-links-lead-on" Paging
        "Each link to a next page, seen from the URL of its own page, leads to a page of the same list on the same host, and the last page has none."
    IdsAreUnique "ids-are-unique" Paging
        "No two things have the same identifier."
    ReadIsWhatIsListed "read-is-what-is-listed" Paging
        "A thing that is read has the same properties as in the list."
    SortAscends "sort-ascends" Sorting
        "A list that is sorted by a property has the list's elements in the order of that property."
    SortDescends "sort-descends" Sorting
        "A list that is sorted by a property in descending order has the list's elements in that order."
    FilterSelects "filter-selects" Filters
        "A filter returns exactly the elements of the whole list that it describes."
    SelectSelects "select-selects" Select
        "A list of selected properties has these, with the values of the whole elements, and no others but the identifier."
    CreatedAsSent "created-as-sent" Writes
        "What was created has the properties that were sent."
    DefaultsAreFilled "defaults-are-filled" Writes
        "What was created has the declared default of each property that was not sent."
    LocationLeadsToCreated "location-leads-to-created" Writes
        "The Location of what was created, seen from the URL of the request, is on the same host and leads to it."
    ReadShowsWhatWasWritten "read-shows-what-was-written" Writes
        "A read shows what the reply to the create or change before it has shown."
    ListShowsWhatWasWritten "list-shows-what-was-written" Writes
        "The list shows what the reply to the create or change before it has shown."
    PatchChangesWhatItNames "patch-changes-what-it-names" Writes
        "A PATCH sets the properties that it names."
    PatchChangesNothingElse "patch-changes-nothing-else" Writes
        "A PATCH leaves alone the properties that it does not name."
    PutSetsWhatItNames "put-sets-what-it-names" Writes
        "A PUT sets the properties that it names."
    PutReplaces "put-replaces" Writes
        "A PUT gives each property that it does not name its declared default, or no value."
    NullClears "null-clears" Writes
        "A PATCH with null clears the property, or sets its declared default."
    EmptyPatchChangesNothing "empty-patch-changes-nothing" Writes
        "A PATCH that names no property succeeds and changes none but the time of the last change."
    ReadOnlyIsIgnored "read-only-is-ignored" Writes
        "Read-only properties in a request change nothing."
    UpdatedAtMoves "updated-at-moves" Writes
        "The time of the last change moves on when something is changed."
    CreatedAtStands "created-at-stands" Writes
        "The time of creation is the same after a change."
    DeletedIsGone "deleted-is-gone" Deletion
        "What was deleted, and what is below it, cannot be read."
    DeletedIsNotListed "deleted-is-not-listed" Deletion
        "What was deleted is in no list."
    SecondDeleteAsDocumented "second-delete-as-documented" Deletion
        "A second DELETE is answered with a status that is documented for it."
    UndeclaredPropertyRefused "undeclared-property-refused" Refusals
        "A body with a property that a closed schema does not declare is refused, at every depth, and so is one that only the server sets."
    UndeclaredParameterRefused "undeclared-parameter-refused" Refusals
        "A query with a parameter that is not declared is refused."
    BeyondLimitRefused "beyond-limit-refused" Refusals
        "A value just beyond a declared limit, or outside a declared enumeration, is refused."
    WrongTypeRefused "wrong-type-refused" Refusals
        "A value of another type than declared is refused, at every depth."
    MalformedBodyRefused "malformed-body-refused" Refusals
        "A body that is no JSON is refused, with a declared status where one is declared for it."
    MissingPropertyRefused "missing-property-refused" Refusals
        "A body without a required property is refused, at every depth."
    NullRefused "null-refused" Refusals
        "A null where the schema allows none is refused, at every depth."
    NoTokenRefused "no-token-refused" Refusals
        "A request without a token is refused by every operation that needs one, with a declared status where one is declared for it."
    ForgedTokenRefused "forged-token-refused" Refusals
        "A token with another signature is refused by every operation that needs one."
    ExpiredTokenRefused "expired-token-refused" Refusals
        "A token that has expired is refused by every operation that needs one."
    LimitedTokenRefused "limited-token-refused" Refusals
        "What a caller may not do because of its role is refused."
    ForeignIsHidden "foreign-is-hidden" Refusals
        "What belongs to one organization cannot be read, listed, changed or deleted by a caller of another."
    SecretStaysSecret "secret-stays-secret" Secrets
        "A secret that was once sent is in no reply, and a token only in one that is declared to give it."
    SecretIsNotLogged "secret-is-not-logged" Secrets
        "A secret or a token that was once sent is not in the log of the server."
    ReplyAsDeclared "reply-as-declared" Errors
        "A reply that is no error has a declared status, and the headers, the content type and the body that are declared for it."
    ErrorAsDeclared "error-as-declared" Errors
        "An error has a declared status, and the headers, the content type and the body that are declared for it."
    ErrorCodeIsStatus "error-code-is-status" Errors
        "The code and the canonical status in an error are those of its HTTP status."
    ErrorReasonInTable "error-reason-in-table" Errors
        "An error has a reason, and the reason is in the table."
    ErrorNamesTheCause "error-names-the-cause" Errors
        "A refusal for one property or parameter names it among the violations."
    ExamplePropertiesAreSeen "example-properties-are-seen" Coverage
        "Each property that the examples of replies have is seen in a reply at least once."
    OperationsAreSeen "operations-are-seen" Coverage
        "Each operation is called at least once."
    StatusesAreSeen "statuses-are-seen" Coverage
        "Each declared status is seen at least once."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_unique_and_in_kebab_case() {
        let mut ids: Vec<_> = Law::ALL.iter().map(|law| law.id()).collect();
        for id in &ids {
            let is_kebab = id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            assert!(is_kebab, "{id} is not in kebab-case");
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Law::ALL.len(), "two laws share an identifier");
    }

    #[test]
    fn the_documentation_has_every_law_and_no_other() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contract.md");
        let text = std::fs::read_to_string(path).expect("docs/contract.md can be read");
        let (_, table) = text
            .split_once("| law | what it says |\n|---|---|\n")
            .expect("docs/contract.md has a table of laws");
        let lines: Vec<_> = table
            .lines()
            .take_while(|line| line.starts_with('|'))
            .collect();
        let expected: Vec<_> = Law::ALL
            .iter()
            .map(|law| format!("| `{}` | {} |", law.id(), law.meaning()))
            .collect();
        assert_eq!(
            lines,
            expected,
            "write this table into docs/contract.md:\n{}",
            expected.join("\n")
        );
    }
}
