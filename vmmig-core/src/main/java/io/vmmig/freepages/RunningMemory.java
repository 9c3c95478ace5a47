// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import io.vmmig.domain.DomainXml;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestMemory;
import io.vmmig.hypervisor.RamRegion;
import io.vmmig.qemu.RamStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Collections;

/**
 * The main memory of a guest that runs on. The guest writes to it while it is read, so pages may be torn, and do not fit together: it only
 * serves as a reference for what is sent later.
 */
public final class RunningMemory {
    private RunningMemory() {}

    /**
     * Opens it as a stream in QEMU's format, in the order of a snapshot.
     *
     * @param domain the guest's live XML
     * @param withFreePages whether pages that seem to be free are read like others; otherwise they are zeros
     * @return the caller closes it
     * @throws IncompatibleException with {@link Problem#DOMAIN_UNSUPPORTED} if the memory of such a guest cannot be read here
     */
    public static InputStream open(Guest guest, DomainXml domain, boolean withFreePages) throws VmmigException {
        RamLayout layout = layout(domain);
        GuestMemory memory = memory(guest, layout);
        FreePages free = withFreePages ? FreePages.unknown("not asked for") : find(guest, domain);
        return free.strip(new RamStream(Collections.min(layout.blocks()), layout.bytes(), new Block(memory, layout)));
    }

    /**
     * Checks that it can be opened.
     *
     * @throws IncompatibleException as {@link #open} does
     */
    public static void requireReadable(Guest guest, DomainXml domain) throws IncompatibleException {
        memory(guest, layout(domain)).close();
    }

    private static GuestMemory memory(Guest guest, RamLayout layout) throws IncompatibleException {
        return guest.memory(layout.regions())
                .orElseThrow(() -> unreadable("this hypervisor does not show a guest's memory"));
    }

    private static RamLayout layout(DomainXml domain) throws IncompatibleException {
        try {
            return RamLayout.of(domain);
        } catch (Doubt e) {
            throw unreadable(e.because());
        }
    }

    private static IncompatibleException unreadable(String because) {
        return new IncompatibleException(
                Problem.DOMAIN_UNSUPPORTED,
                "the guest's memory cannot be read while it runs: " + because,
                "Move it with Strategy.STOP_AND_COPY.");
    }

    private static FreePages find(Guest guest, DomainXml domain) {
        try (FreePageSearch search = FreePageSearch.begin(guest, domain)) {
            search.awaitTick();
            return search.finish();
        }
    }

    /** QEMU's block, of which the guest sees most. */
    private record Block(GuestMemory memory, RamLayout layout) implements RamStream.Memory {
        @Override
        public void read(long address, byte[] buffer, int length) throws IOException {
            Arrays.fill(buffer, 0, length, (byte) 0);
            for (RamRegion region : layout.regions()) {
                long from = Math.max(address, region.blockOffset());
                long to = Math.min(address + length, region.blockOffset() + region.bytes());
                if (from < to) {
                    read(region.start() + from - region.blockOffset(), buffer, (int) (from - address), (int)
                            (to - from));
                }
            }
        }

        private void read(long start, byte[] buffer, int offset, int length) throws IOException {
            try {
                memory.read(start, buffer, offset, length);
            } catch (VmmigException e) {
                throw new IOException(e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            memory.close();
        }
    }
}
