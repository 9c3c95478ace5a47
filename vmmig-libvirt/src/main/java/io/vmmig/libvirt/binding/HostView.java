// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/** Queries of a connection that change nothing. */
public interface HostView<D extends DomainView> {
    /** Whether the connection is not known to be broken. */
    boolean isAlive();

    /** What the host offers, as XML. */
    String capabilities() throws LibvirtError;

    /** The host's name. */
    String hostName() throws LibvirtError;

    /** The version of QEMU, such as 7.2.11. */
    String hypervisorVersion() throws LibvirtError;

    /** The version of libvirt, such as 9.0.0. */
    String libvirtVersion() throws LibvirtError;

    /** Unused memory, not counting caches, in bytes. */
    long freeMemory() throws LibvirtError;

    /** The path of a volume of a storage pool. */
    String volumePath(String pool, String volume) throws LibvirtError;

    /**
     * Listens for events of a domain, as long as this connection or a share of it works.
     *
     * @param everything whether to report other events than suspended, resumed, started, ended and (un)defined
     * @param listener called by libvirt's event loop, so it must be quick and must not call libvirt
     */
    DomainEvents watch(UUID domain, boolean everything, Consumer<DomainEvent> listener) throws LibvirtError;

    /**
     * Throws unless there is a network of that name, and it is active; code {@link LibvirtError#NO_NETWORK} or
     * {@link LibvirtError#OPERATION_INVALID}, and any other where this libvirt knows no networks.
     */
    void requireNetwork(String name) throws LibvirtError;

    /** Throws unless there is a network filter of that name; code {@link LibvirtError#NO_NWFILTER}, and any other where this libvirt knows none. */
    void requireFilter(String name) throws LibvirtError;

    /** Every domain, running or not; the caller closes each. */
    List<D> domains() throws LibvirtError;

    /** The domain of that name; code {@link LibvirtError#NO_DOMAIN} when there is none. */
    D domain(String name) throws LibvirtError;

    /** The domain with that uuid; code {@link LibvirtError#NO_DOMAIN} when there is none. */
    D domain(UUID uuid) throws LibvirtError;
}
