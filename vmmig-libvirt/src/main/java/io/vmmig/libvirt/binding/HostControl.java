// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import java.nio.file.Path;

/** Operations of a connection that change something. */
public interface HostControl extends HostView<DomainControl>, AutoCloseable {
    /** Defines a domain, or changes its definition. */
    DomainControl define(String domainXml) throws LibvirtError;

    /** Restores a domain from a save image, running or paused regardless of the image. Returns when it is restored. */
    void restore(Path image, boolean paused) throws LibvirtError;

    @Override
    void close();
}
