//! Checks that hold the protos, the contract and live servers equal.
