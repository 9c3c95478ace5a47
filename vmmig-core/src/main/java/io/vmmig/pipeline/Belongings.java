// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.GuestRecord;
import io.vmmig.domain.DomainDefinition;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.domain.DomainXml;
import io.vmmig.domain.Loss;
import io.vmmig.domain.Obstacle;
import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestInventory;
import io.vmmig.hypervisor.LocalState;
import io.vmmig.qcow2.DiskChain;
import io.vmmig.report.Notice;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the source's hypervisor stores of a guest besides its running XML: what moves, and what is lost.
 *
 * @param persistent whether the source keeps a definition
 * @param definition the definition to send, or null if the running XML becomes the definition
 * @param autostart whether the source starts the guest when it boots
 * @param localStates what cannot move
 * @param notices a sentence about each loss
 */
record Belongings(
        boolean persistent,
        @Nullable String definition,
        boolean autostart,
        List<LocalState> localStates,
        List<Notice> notices) {
    /**
     * Evaluates an inventory.
     *
     * @param live the running XML
     * @param losses what may be lost
     * @param copy whether the guest stays at the source, and so loses nothing
     * @throws VmmigException when the definition cannot move and the loss of pending changes is not allowed
     */
    static Belongings of(GuestInventory inventory, DomainXml live, DomainPolicy policy, Set<Loss> losses, boolean copy)
            throws VmmigException {
        List<Notice> notices = new ArrayList<>();
        for (LocalState state : inventory.localStates()) {
            notices.add(lost(state, copy));
        }
        String definition = inventory.definitionXml() == null
                ? null
                : definition(inventory.definitionXml(), live, policy, losses, copy, notices);
        return new Belongings(
                inventory.persistent(), definition, inventory.autostart(), inventory.localStates(), notices);
    }

    /**
     * @throws VmmigException with {@link Problem#LOSS_NOT_ALLOWED} when the guest would lose anything that is not in {@code losses}
     */
    void requireAllowed(Set<Loss> losses) throws VmmigException {
        List<LocalState> forbidden = localStates.stream()
                .filter(state -> !losses.contains(loss(state.kind())))
                .toList();
        if (!forbidden.isEmpty()) {
            String names = forbidden.stream().map(LocalState::toString).collect(Collectors.joining(", "));
            String needed = forbidden.stream()
                    .map(state -> "Loss." + loss(state.kind()))
                    .distinct()
                    .collect(Collectors.joining(", "));
            throw VmmigException.of(
                    Problem.LOSS_NOT_ALLOWED,
                    "the guest would lose what only this host keeps of it: " + names,
                    "Remove what is not needed any more, or let it be lost with Migrator.allowingLossOf(" + needed
                            + ").");
        }
    }

    private static Loss loss(LocalState.Kind kind) {
        return switch (kind) {
            case SNAPSHOT -> Loss.SNAPSHOTS;
            case CHECKPOINT, DIRTY_BITMAPS -> Loss.CHECKPOINTS;
            case MANAGED_SAVE -> Loss.MANAGED_SAVE;
        };
    }

    private static Notice lost(LocalState state, boolean copy) {
        String text = "the " + state + (copy ? " stays at the source, and the copy does not have it" : " is lost");
        return new Notice(Notice.Kind.NOT_CARRIED, state.toString(), text, remedy(state.kind()));
    }

    /** What the user can do at the destination. */
    static String remedy(LocalState.Kind kind) {
        return switch (kind) {
            case SNAPSHOT -> "What external snapshots hold is in the disks; make a new snapshot at the destination.";
            case CHECKPOINT, DIRTY_BITMAPS -> "Make a full backup at the destination, with a new checkpoint.";
            case MANAGED_SAVE -> "";
        };
    }

    private static @Nullable String definition(
            String xml, DomainXml live, DomainPolicy policy, Set<Loss> losses, boolean copy, List<Notice> notices)
            throws VmmigException {
        DomainDefinition definition = DomainDefinition.of(xml, live, policy);
        if (!definition.obstacles().isEmpty()) {
            if (!copy && !losses.contains(Loss.PENDING_CHANGES)) {
                throw refused(definition.obstacles());
            }
            for (Obstacle obstacle : definition.obstacles()) {
                notices.add(new Notice(
                        Notice.Kind.NOT_CARRIED,
                        "definition",
                        obstacle.what()
                                + "; so the guest is defined as it runs, and all changes that waited for its next"
                                + " start are lost",
                        "Make them at the destination."));
            }
            return null;
        }
        for (DomainDefinition.Medium medium : definition.otherMedia()) {
            notices.add(emptied(medium));
        }
        return definition.carried().text();
    }

    /** A notice about a medium that only the definition names. */
    static Notice emptied(DomainDefinition.Medium medium) {
        return new Notice(
                Notice.Kind.NOT_CARRIED,
                medium.file().toString(),
                "only the guest's definition has the medium " + medium.file() + " in the drive " + medium.target()
                        + ", which will be empty after the guest's next start",
                "Insert it at the destination, with virsh change-media --config.");
    }

    /** The refusal of a guest with these obstacles. */
    static VmmigException refused(List<Obstacle> obstacles) {
        Obstacle first = obstacles.get(0);
        String all = obstacles.stream().map(Obstacle::what).collect(Collectors.joining("; "));
        return VmmigException.of(first.problem(), all, first.remedy());
    }

    /** Throws if somebody has added state since {@code earlier} that cannot move. */
    void requireLike(Belongings earlier) throws VmmigException {
        List<LocalState> added = localStates.stream()
                .filter(state -> !earlier.localStates.contains(state))
                // QEMU writes bitmaps when it releases the images; they were created earlier.
                .filter(state -> state.kind() != LocalState.Kind.DIRTY_BITMAPS)
                .toList();
        if (!added.isEmpty() || persistent != earlier.persistent) {
            String what = added.isEmpty()
                    ? persistent ? "defined" : "undefined"
                    : "given the " + added.stream().map(LocalState::toString).collect(Collectors.joining(", the "));
            throw new HypervisorException(
                    Problem.GUEST_BUSY,
                    "the guest was " + what + " while it was about to move",
                    "Wait until others are done with it, then try again.");
        }
    }

    /** The inventory plus the dirty bitmaps in images that belong to none of its checkpoints. */
    static GuestInventory withBitmaps(GuestInventory inventory, Collection<DiskChain> chains) throws VmmigException {
        List<LocalState> states = new ArrayList<>(inventory.localStates());
        if (states.stream().noneMatch(state -> state.kind() == LocalState.Kind.CHECKPOINT)) {
            for (DiskChain chain : chains) {
                chain.dirtyBitmaps()
                        .forEach(image -> states.add(new LocalState(LocalState.Kind.DIRTY_BITMAPS, image.toString())));
            }
        }
        return new GuestInventory(inventory.definitionXml(), inventory.autostart(), states);
    }

    /** The record of the guest for the package or the offer. */
    GuestRecord record(boolean running, boolean copy, boolean lent) {
        return new GuestRecord(
                running,
                autostart,
                copy,
                lent,
                localStates.stream()
                        .map(state -> new GuestRecord.LeftBehind(state.kind().words(), state.name()))
                        .toList());
    }
}
