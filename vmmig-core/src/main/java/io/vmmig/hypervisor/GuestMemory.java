// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.VmmigException;

/**
 * A guest's memory, as the guest sees it physically, for reading. Works while the guest runs, while it is suspended and while
 * it is being saved. For one thread.
 */
public interface GuestMemory extends AutoCloseable {
    /**
     * Reads memory. A running guest may change it between two reads, and during one.
     *
     * <p>Callers must know where the guest has RAM. Elsewhere a read may return anything, or may reach a device and have side effects.
     *
     * @param address a guest-physical address, in bytes
     * @param length how many bytes to read into {@code buffer} from {@code offset} on
     * @throws VmmigException when the hypervisor refuses; the content of {@code buffer} in that range is then undefined
     */
    void read(long address, byte[] buffer, int offset, int length) throws VmmigException;

    /** Releases what the reader holds; nothing may be read afterwards. */
    @Override
    default void close() {}
}
