// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.Connection;
import io.vmmig.libvirt.binding.LibvirtError;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to libvirt, reopened after it has broken, so that a guest can still be rolled back after a restart of libvirtd.
 * Thread-safe.
 */
final class Link implements HostSource {
    private static final Logger LOG = LoggerFactory.getLogger(Link.class);

    private final LibvirtUri uri;
    private @Nullable Connection current;
    private boolean closed;

    Link(LibvirtUri uri) {
        this.uri = uri;
    }

    @Override
    public synchronized Connection connection() throws VmmigException {
        if (closed) {
            throw closed();
        }
        try {
            if (current != null && !current.isAlive()) {
                LOG.warn("the connection to {} broke; opening it again", uri.text());
                current.close();
                current = null;
            }
            if (current == null) {
                current = open();
            }
            return current.share();
        } catch (LibvirtError e) {
            throw Errors.unreachable(e, "connect to " + uri.text(), remedyIfUnreachable());
        } catch (LinkageError e) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_UNREACHABLE,
                    "this machine has no usable libvirt: " + e.getMessage(),
                    "Install libvirt's client library (libvirt0 or libvirt-libs) and its QEMU driver.",
                    e);
        }
    }

    @Override
    public HypervisorException closed() {
        return new HypervisorException(
                Problem.HYPERVISOR_UNREACHABLE, "the hypervisor " + uri.text() + " has been closed", "Connect again.");
    }

    @Override
    public String remedyIfUnreachable() {
        return uri.remedyIfUnreachable();
    }

    private Connection open() throws LibvirtError, VmmigException {
        return uri.embeddedRoot().isPresent()
                ? EmbeddedDriver.connect(uri.text(), uri.embeddedRoot().get())
                : Connection.open(uri.text());
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (current != null) {
            current.close();
            current = null;
        }
    }
}
