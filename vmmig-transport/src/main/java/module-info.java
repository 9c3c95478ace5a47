/** Ways for a package to travel: a TLS connection, a file, an HTTP server. */
@org.jspecify.annotations.NullMarked
module io.vmmig.transport {
    requires transitive io.vmmig.core;
    requires transitive io.vmmig.crypto;
    requires java.net.http;
    requires transitive jdk.httpserver;
    requires com.google.protobuf;
    requires org.slf4j;

    provides io.vmmig.transport.TransportProvider with
            io.vmmig.transport.file.PackageFileProvider;

    exports io.vmmig.transport.file;
    exports io.vmmig.transport.http;
    exports io.vmmig.transport.tls;
}
