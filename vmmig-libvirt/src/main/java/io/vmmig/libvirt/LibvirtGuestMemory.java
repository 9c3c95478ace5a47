// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import com.sun.jna.Memory;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestMemory;
import io.vmmig.libvirt.binding.Domain;
import java.util.Objects;

/**
 * Reads memory through libvirt. libvirt makes QEMU write each piece to a file in its cache directory, reads it and deletes it, so
 * a piece costs about a millisecond more than its bytes.
 */
record LibvirtGuestMemory(GuestCalls guest) implements GuestMemory {
    @Override
    public void read(long address, byte[] buffer, int offset, int length) throws VmmigException {
        Objects.checkFromIndexSize(offset, length, buffer.length);
        for (int done = 0; done < length; ) {
            int bytes = Math.min(length - done, Domain.MAX_PEEK_BYTES);
            try (Memory piece = piece(address + done, bytes)) {
                piece.read(0, buffer, offset + done, bytes);
            }
            done += bytes;
        }
    }

    private Memory piece(long address, int bytes) throws VmmigException {
        // Never the caller's buffer: an abandoned call may still write to it.
        return guest.call("read the memory of", domain -> {
            Memory memory = new Memory(bytes);
            domain.peek(address, memory);
            return memory;
        });
    }
}
