// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestMemory;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.RamRegion;
import io.vmmig.hypervisor.SavedGuest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A guest of which bits can be flipped in what is read of its memory, though not in the guest. */
final class FlippedGuest implements Guest, GuestMemory {
    private record Piece(long address, byte[] bytes) {}

    private final Guest guest;
    private final List<Piece> pieces = new ArrayList<>();
    private final GuestMemory memory;
    private @Nullable Random random;

    FlippedGuest(Guest guest, GuestMemory memory) {
        this.guest = guest;
        this.memory = memory;
    }

    /** From now on what was read already has a few bits flipped, and is not read again. */
    void flip(int seed) {
        random = new Random(seed);
    }

    /** From now on all is read afresh, as it is. */
    void heal() {
        random = null;
        pieces.clear();
    }

    @Override
    public void read(long address, byte[] buffer, int offset, int length) throws VmmigException {
        Optional<Piece> known = random == null
                ? Optional.empty()
                : pieces.stream()
                        .filter(p -> p.address == address && p.bytes.length == length)
                        .reduce((earlier, later) -> later);
        if (known.isPresent()) {
            System.arraycopy(known.get().bytes, 0, buffer, offset, length);
        } else {
            memory.read(address, buffer, offset, length);
            byte[] bytes = new byte[length];
            System.arraycopy(buffer, offset, bytes, 0, length);
            pieces.add(new Piece(address, bytes));
        }
        Random flips = random;
        if (flips != null && flips.nextBoolean()) {
            IntStream.range(0, 1 + flips.nextInt(12)).forEach(i -> {
                int used = used(buffer, offset, length, flips);
                buffer[used] ^= (byte) (1 << flips.nextInt(8));
            });
        }
    }

    /** A place that holds something, because most of memory does not matter. */
    private static int used(byte[] buffer, int offset, int length, Random random) {
        int at = offset;
        for (int tries = 0; tries < 100; tries++) {
            at = offset + random.nextInt(length);
            if (buffer[at] != 0) {
                return at;
            }
        }
        return at;
    }

    @Override
    public Optional<GuestMemory> memory(List<RamRegion> ram) {
        return Optional.of(this);
    }

    @Override
    public String name() {
        return guest.name();
    }

    @Override
    public UUID uuid() {
        return guest.uuid();
    }

    @Override
    public GuestState state() throws VmmigException {
        return guest.state();
    }

    @Override
    public boolean persistent() throws VmmigException {
        return guest.persistent();
    }

    @Override
    public String domainXml() throws VmmigException {
        return guest.domainXml();
    }

    @Override
    public SavedGuest save() throws VmmigException {
        return guest.save();
    }

    @Override
    public void resume() throws VmmigException {
        guest.resume();
    }

    @Override
    public void remove() throws VmmigException {
        guest.remove();
    }
}
