/** Real hosts and real guests, for vmmig's demo and its end-to-end tests. Not published. */
@org.jspecify.annotations.NullMarked
module io.vmmig.lab {
    requires com.google.gson;
    requires com.sun.jna;
    requires io.vmmig.core;
    requires io.vmmig.crypto;
    requires io.vmmig.libvirt;
    requires io.vmmig.transport;
    requires java.management;
    requires java.xml;
    requires jdk.jdi;
    requires static org.jspecify;

    // JNA implements the interface of native functions by reflection.
    opens io.vmmig.lab.host to
            com.sun.jna;
}
