// What orval makes of the document: functions that fetch.
module.exports = {
    web1on1: {
        input: process.env.OPENAPI,
        output: { target: process.env.OUT, client: "fetch" },
    },
};
