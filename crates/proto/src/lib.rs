//! The generated gRPC API of Web1on1: messages, clients, servers and descriptors.
