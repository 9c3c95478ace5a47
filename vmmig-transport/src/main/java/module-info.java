/** Ways for a package to travel: a TLS connection, a file. */
@org.jspecify.annotations.NullMarked
module io.vmmig.transport {
    requires transitive io.vmmig.core;
    requires transitive io.vmmig.crypto;
    requires com.google.protobuf;
    requires org.slf4j;

    exports io.vmmig.transport.file;
    exports io.vmmig.transport.tls;
}
