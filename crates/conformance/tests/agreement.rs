use conformance::*;
#[test]
fn the_statements_agree() {
    let protos = from_proto(proto::FILE_DESCRIPTOR_SET).unwrap();
    let contract = from_contract();
    let document = from_openapi(&contract::openapi::openapi(), "openapi/openapi.json").unwrap();
    let found = agree::agree(&[&protos, &contract, &document]);
    let w = waivers::of_this_repository().unwrap();
    let (left, unused) = waivers::apply(found, &w);
    for l in agree::merge(left.clone()) {
        println!("{l} [{} {}]", l.subject, l.aspect);
    }
    for u in unused {
        println!("unused {}", u.subject);
    }
    for _ in 0..3 {
        let t = std::time::Instant::now();
        let protos = from_proto(proto::FILE_DESCRIPTOR_SET).unwrap();
        println!("proto {:?}", t.elapsed());
        let pool = prost_reflect::DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
        let t = std::time::Instant::now();
        let _protos = from_descriptors(&pool);
        println!("proto reading {:?}", t.elapsed());
        let facts = ContractFacts::of_the_contract();
        let t = std::time::Instant::now();
        let c = from_facts(&facts);
        println!("contract {:?}", t.elapsed());
        let t = std::time::Instant::now();
        let f2 = facts.clone();
        println!("facts clone {:?}", t.elapsed());
        drop(f2);
        let doc = contract::openapi::openapi();
        let t = std::time::Instant::now();
        let d = from_openapi(&doc, "x").unwrap();
        println!("doc {:?}", t.elapsed());
        let t = std::time::Instant::now();
        let d2 = doc.clone();
        println!("doc clone {:?}", t.elapsed());
        drop(d2);
        let t = std::time::Instant::now();
        agree::agree(&[&protos, &c, &d]);
        println!("agree {:?}", t.elapsed());
    }
    panic!("{}", left.len());
}
