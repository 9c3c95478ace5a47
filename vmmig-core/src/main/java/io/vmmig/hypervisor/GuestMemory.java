// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.VmmigException;

/**
 * A guest's memory, as the guest sees it physically, for reading. Works while the guest runs, while it is suspended and while
 * it is being saved. For one thread.
 */
public interface GuestMemory extends AutoCloseable {
    /**
     * Reads memory. Of a running guest, it is what happens to be there: nothing holds the guest still between two reads, or
     * within one.
     *
     * <p>Callers know where the guest has memory: elsewhere there may be nothing, of which anything is read, or a device, to
     * which a read does something.
     *
     * @param address a guest-physical address, in bytes
     * @param length how many bytes to read into {@code buffer} from {@code offset} on
     * @throws VmmigException when the hypervisor does not let us; what {@code buffer} holds there is undefined then
     */
    void read(long address, byte[] buffer, int offset, int length) throws VmmigException;

    /** Nothing is read from here on. */
    @Override
    default void close() {}
}
