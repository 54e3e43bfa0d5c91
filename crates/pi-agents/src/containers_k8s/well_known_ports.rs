//! Ports whose services must not be reachable by everybody.

use pi_core::Severity;

/// What listens behind a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    /// Stores data.
    Database,
    /// Controls a system, or gives a shell or a debugger.
    Administration,
}

/// A port, its service, and how bad it is when everybody can reach it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WellKnown {
    /// The port of the container.
    pub port: u16,
    /// The service's name.
    pub service: &'static str,
    /// What it is.
    pub listener: Listener,
    /// Severity when published on all interfaces.
    pub severity: Severity,
}

const fn database(port: u16, service: &'static str) -> WellKnown {
    WellKnown { port, service, listener: Listener::Database, severity: Severity::High }
}

const fn queue(port: u16, service: &'static str) -> WellKnown {
    WellKnown { port, service, listener: Listener::Database, severity: Severity::Medium }
}

const fn control(port: u16, service: &'static str) -> WellKnown {
    WellKnown { port, service, listener: Listener::Administration, severity: Severity::High }
}

const fn console(port: u16, service: &'static str) -> WellKnown {
    WellKnown { port, service, listener: Listener::Administration, severity: Severity::Medium }
}

/// The list, by port.
const WELL_KNOWN: &[WellKnown] = &[
    console(21, "FTP"),
    console(22, "SSH"),
    control(23, "Telnet"),
    control(111, "rpcbind"),
    control(135, "MSRPC"),
    control(139, "NetBIOS"),
    queue(389, "LDAP"),
    control(445, "SMB"),
    control(873, "rsync"),
    database(1433, "SQL Server"),
    database(1521, "Oracle Database"),
    queue(1883, "MQTT"),
    control(2049, "NFS"),
    database(2181, "ZooKeeper"),
    control(2375, "Docker without TLS"),
    control(2376, "Docker"),
    database(2379, "etcd"),
    database(2380, "etcd"),
    database(3306, "MySQL"),
    control(3389, "Remote Desktop"),
    queue(4222, "NATS"),
    console(4369, "Erlang port mapper"),
    control(5005, "Java debugger"),
    console(5050, "pgAdmin"),
    database(5432, "PostgreSQL"),
    console(5555, "Flower or adb"),
    console(5601, "Kibana"),
    queue(5672, "RabbitMQ"),
    control(5900, "VNC"),
    database(5984, "CouchDB"),
    database(6333, "Qdrant"),
    database(6379, "Redis"),
    control(6443, "Kubernetes"),
    database(7000, "Cassandra"),
    control(7199, "Cassandra JMX"),
    database(7474, "Neo4j"),
    database(7687, "Neo4j"),
    console(8081, "Mongo Express or a console"),
    database(8086, "InfluxDB"),
    database(8123, "ClickHouse"),
    control(8200, "Vault"),
    console(8500, "Consul"),
    database(8529, "ArangoDB"),
    console(8888, "Jupyter"),
    database(8983, "Solr"),
    database(9042, "Cassandra"),
    queue(9092, "Kafka"),
    console(9090, "Prometheus"),
    control(9229, "Node.js inspector"),
    database(9200, "Elasticsearch"),
    database(9300, "Elasticsearch"),
    control(10250, "kubelet"),
    database(11211, "Memcached"),
    console(15672, "RabbitMQ management"),
    database(26257, "CockroachDB"),
    database(27017, "MongoDB"),
    database(27018, "MongoDB"),
    database(27019, "MongoDB"),
    database(28015, "RethinkDB"),
    database(33060, "MySQL"),
    database(50000, "Db2"),
    queue(61616, "ActiveMQ"),
];

/// Ports that many ordinary programs use too: they count only when the image
/// or the name of the service says that it is the one of the list.
const AMBIGUOUS: &[(u16, &[&str])] = &[
    (5050, &["pgadmin"]),
    (5555, &["flower", "adb", "android"]),
    (7000, &["cassandra"]),
    (8081, &["mongo-express", "phpmyadmin", "adminer"]),
    (8200, &["vault"]),
    (8888, &["jupyter", "notebook"]),
    (9090, &["prometheus", "cockpit"]),
    (50000, &["db2"]),
];

/// Programs that answer on a web port but administer a database or a host.
const CONSOLES: &[&str] = &[
    "adminer",
    "dpage/pgadmin4",
    "mongo-express",
    "phpmyadmin",
    "portainer",
    "redis-commander",
    "redisinsight",
    "rediscommander",
    "kibana",
    "jupyter",
    "code-server",
    "phpredisadmin",
];

/// The well-known services among the ports that `has` accepts; `hint` is the
/// image and the name of the service.
pub(crate) fn well_known(has: impl Fn(u16) -> bool, hint: &str) -> Option<&'static WellKnown> {
    WELL_KNOWN.iter().find(|known| {
        has(known.port)
            && AMBIGUOUS
                .iter()
                .find(|(port, _)| *port == known.port)
                .is_none_or(|(_, names)| names.iter().any(|name| hint.contains(name)))
    })
}

/// The administration console that an image is, if it is one.
pub(crate) fn console_image(image: &str) -> Option<&'static str> {
    CONSOLES.iter().copied().find(|name| image.contains(name))
}
