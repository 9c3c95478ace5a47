// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import java.nio.file.Path;

/** All that can be done with a connection; what is declared here changes something. */
public interface HostControl extends HostView<DomainControl>, AutoCloseable {
    /** Makes a domain known, or changes its definition. */
    DomainControl define(String domainXml) throws LibvirtError;

    /** Restores the domain of a save image, running or paused whatever the image says. Returns when it is there. */
    void restore(Path image, boolean paused) throws LibvirtError;

    @Override
    void close();
}
