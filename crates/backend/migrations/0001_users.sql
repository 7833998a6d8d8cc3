-- Only TEXT and BIGINT, so that SQLite and PostgreSQL run the same text.
--
-- A resource is a row: the columns that queries need, and the whole resource as
-- JSON in `document`. `version` counts its changes; an update names the version
-- that it read.

-- Values that every backend on this database shares, such as the token secret.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Organizations form trees: a sub-organization names its parent.
CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    parent TEXT REFERENCES organizations (id),
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX organizations_parent ON organizations (parent);

-- `email` is in lower case, so that it is unique whatever its spelling.
-- `password` is an argon2id hash and stays out of the document.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (id),
    status TEXT NOT NULL,
    role TEXT NOT NULL,
    email TEXT NOT NULL CONSTRAINT users_email UNIQUE,
    password TEXT,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX users_organization ON users (organization);

-- Every user is a member of the organization that it belongs to, with the same
-- role, and may be a member of others.
CREATE TABLE memberships (
    user_id TEXT NOT NULL REFERENCES users (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    role TEXT NOT NULL,
    PRIMARY KEY (user_id, organization_id)
);

CREATE INDEX memberships_organization ON memberships (organization_id);
