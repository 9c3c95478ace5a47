/** Short programs over vmmig's public API, to be copied. */
@org.jspecify.annotations.NullMarked
module io.vmmig.examples {
    requires io.vmmig.core;
    requires io.vmmig.crypto;
    requires io.vmmig.libvirt;
    requires io.vmmig.transport;
    requires static org.jspecify;
}
