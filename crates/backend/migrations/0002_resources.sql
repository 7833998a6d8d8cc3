-- Organizations were kept without what the contract requires of them.
UPDATE organizations SET document =
    '{"billingInfo":{"billReceiver":"","billSender":"","stripeCustomerId":"","currentPlan":""},'
    || SUBSTR(document, 2);

-- No operation creates a workflow; they come from seeds.
CREATE TABLE workflows (
    id TEXT NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (id),
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX workflows_organization ON workflows (organization);

CREATE TABLE organization_groups (
    id TEXT NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (id),
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX organization_groups_organization ON organization_groups (organization);

CREATE TABLE bots (
    id TEXT NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (id),
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX bots_organization ON bots (organization);

-- `document` has what an instance says itself; the rest it has of its bot, with
-- which it goes.
CREATE TABLE bot_instances (
    id TEXT NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (id),
    bot TEXT NOT NULL REFERENCES bots (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX bot_instances_organization ON bot_instances (organization);
CREATE INDEX bot_instances_bot ON bot_instances (bot);

-- The status of a service changes with time, so it is in the document only.
CREATE TABLE services (
    id TEXT NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (id),
    type TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX services_organization ON services (organization);

-- The fields of a form are in its document.
CREATE TABLE forms (
    id TEXT NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (id),
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX forms_organization ON forms (organization);
