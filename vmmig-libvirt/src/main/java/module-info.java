/** vmmig's hypervisor over libvirt and QEMU. */
@org.jspecify.annotations.NullMarked
module io.vmmig.libvirt {
    requires transitive io.vmmig.core;
    requires com.sun.jna;
    requires java.xml;
    requires org.slf4j;

    exports io.vmmig.libvirt;

    // JNA calls the callbacks there by reflection.
    opens io.vmmig.libvirt.binding to
            com.sun.jna;
}
