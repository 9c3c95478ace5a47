// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import io.vmmig.domain.DomainXml;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestMemory;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.RamRegion;
import io.vmmig.hypervisor.SavedGuest;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** A guest that has memory, and nothing else. */
final class FakeGuest implements Guest {
    private final Optional<GuestMemory> memory;
    private GuestState state = GuestState.RUNNING;

    FakeGuest(Optional<GuestMemory> memory) {
        this.memory = memory;
    }

    static DomainXml domain(String more) throws VmmigException {
        return DomainXml.parse(
                """
                <domain type='qemu'>
                  <name>fake</name>
                  <uuid>11111111-2222-3333-4444-555555555555</uuid>
                  <memory unit='MiB'>32</memory>
                  <vcpu>1</vcpu>
                  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
                  <devices/>
                  %s
                </domain>
                """
                        .formatted(more));
    }

    void pause() {
        state = GuestState.PAUSED;
    }

    @Override
    public Optional<GuestMemory> memory(List<RamRegion> ram) {
        return memory;
    }

    @Override
    public GuestState state() {
        return state;
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public UUID uuid() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean persistent() {
        throw new UnsupportedOperationException();
    }

    @Override
    public String domainXml() {
        throw new UnsupportedOperationException();
    }

    @Override
    public SavedGuest save() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void resume() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void remove() {
        throw new UnsupportedOperationException();
    }
}
