// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.HypervisorException;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.domain.DomainXml;
import io.vmmig.hypervisor.Balloon;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestInventory;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.LocalState;
import io.vmmig.hypervisor.SavedGuest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A guest of an {@link InMemoryHypervisor}. */
final class InMemoryGuest implements Guest {
    private final InMemoryHypervisor host;
    private final String name;
    private final UUID uuid;
    private final String domainXml;
    private final byte[] memory;
    private @Nullable String definition;
    private final List<LocalState> localStates = new ArrayList<>();
    private boolean autostart;
    private final InMemoryBalloon balloon;
    private GuestState state;
    private boolean saving;
    private @Nullable String liveXml;

    InMemoryGuest(
            InMemoryHypervisor host,
            String name,
            UUID uuid,
            String domainXml,
            byte[] memory,
            @Nullable String definition,
            GuestState state)
            throws VmmigException {
        this.host = host;
        this.name = name;
        this.uuid = uuid;
        this.domainXml = domainXml;
        this.memory = memory;
        this.definition = definition;
        this.state = state;
        balloon = new InMemoryBalloon(host, memory, DomainXml.parse(domainXml).memoryBytes());
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public UUID uuid() {
        return uuid;
    }

    @Override
    public synchronized GuestState state() {
        return state;
    }

    @Override
    public synchronized boolean persistent() {
        return definition != null;
    }

    @Override
    public synchronized GuestInventory inventory() {
        return new GuestInventory(definition, autostart, localStates);
    }

    @Override
    public synchronized void setAutostart(boolean on) throws VmmigException {
        host.failIfTold(InMemoryHypervisor.Step.AUTOSTART);
        autostart = on;
    }

    synchronized void define(String xml) {
        definition = xml;
    }

    synchronized void add(LocalState state) {
        localStates.add(state);
    }

    @Override
    public Optional<String> cookie() {
        return Optional.of(InMemorySave.COOKIE);
    }

    /** As of libvirt, it says how much memory the guest has at this moment. */
    @Override
    public String domainXml() throws VmmigException {
        return balloon.isEmpty()
                ? domainXml
                : DomainXml.parse(domainXml)
                        .withCurrentMemory(balloon.sizeBytes())
                        .text();
    }

    @Override
    public Optional<Balloon> balloon() {
        return Optional.of(balloon);
    }

    @Override
    public synchronized Optional<String> liveXml() {
        return Optional.ofNullable(liveXml);
    }

    synchronized void show(String xml) {
        liveXml = xml;
    }

    InMemoryBalloon inMemoryBalloon() {
        return balloon;
    }

    byte[] contents() {
        return memory;
    }

    synchronized void become(GuestState next) {
        state = next;
    }

    /** Lets the guest go on as it was before it was saved. */
    synchronized void settle(GuestState next) {
        saving = false;
        state = next;
    }

    @Override
    public synchronized void resume() throws VmmigException {
        if (state == GuestState.STOPPED) {
            throw new HypervisorException(Problem.GUEST_NOT_RUNNING, "the guest has stopped", "");
        }
        state = GuestState.RUNNING;
    }

    @Override
    public void remove() throws VmmigException {
        host.failIfTold(InMemoryHypervisor.Step.RETIRE);
        host.remove(name);
    }

    @Override
    public synchronized SavedGuest save() throws VmmigException {
        host.failIfTold(InMemoryHypervisor.Step.SAVE);
        if (state == GuestState.STOPPED) {
            throw new HypervisorException(
                    Problem.GUEST_NOT_RUNNING,
                    "the guest is not running, so there is no memory to save",
                    "Start it first.");
        }
        if (saving) {
            throw new HypervisorException(Problem.GUEST_BUSY, "the guest is being saved already", "Wait for that.");
        }
        boolean wasRunning = state == GuestState.RUNNING;
        saving = true;
        state = GuestState.PAUSED;
        return new InMemorySave(host, this, domainXml(), wasRunning);
    }
}
