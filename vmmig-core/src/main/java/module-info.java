/** The API of vmmig, its package format, its snapshot codec and its hand-over. */
@org.jspecify.annotations.NullMarked
@SuppressWarnings("module") // The module that it is exported to is built later.
module io.vmmig.core {
    requires transitive org.jspecify;
    requires java.xml;
    requires org.slf4j;
    requires com.github.luben.zstd_jni;
    requires com.google.gson;
    requires org.tukaani.xz;

    uses io.vmmig.transport.TransportProvider;

    exports io.vmmig;
    exports io.vmmig.bundle;
    exports io.vmmig.content;
    exports io.vmmig.domain;
    exports io.vmmig.error;
    exports io.vmmig.event;
    exports io.vmmig.hypervisor;
    exports io.vmmig.page;
    exports io.vmmig.protection;
    exports io.vmmig.reference;
    exports io.vmmig.report;
    exports io.vmmig.state;
    exports io.vmmig.transport;
    // Signatures are JSON within the package's JSON, and read by the same rules.
    exports io.vmmig.json to
            io.vmmig.crypto;
    // Whose a directory is, is asked in one way by all that trust what lies in one.
    exports io.vmmig.files to
            io.vmmig.crypto,
            io.vmmig.transport;
    // Untrusted XML is parsed in one way.
    exports io.vmmig.xml to
            io.vmmig.libvirt;
    // Streams of blocks.
    exports io.vmmig.sparse to
            io.vmmig.crypto,
            io.vmmig.libvirt,
            io.vmmig.testkit,
            io.vmmig.transport;
}
