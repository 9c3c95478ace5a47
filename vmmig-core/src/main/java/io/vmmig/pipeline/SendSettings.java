// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.content.Level;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.domain.Loss;
import io.vmmig.protection.PackageSigner;
import io.vmmig.state.HostState;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How a guest is to be sent. Immutable: each method that begins with {@code with} gives a changed copy. */
public final class SendSettings {
    /** As a program sends it that asks for nothing special. */
    public static final SendSettings USUAL = new SendSettings();

    private @Nullable HostState state;
    private DomainPolicy policy = DomainPolicy.standard();
    private boolean removeGuest;
    private boolean includeBaseImages;
    private boolean sendFreePages;
    private @Nullable Duration ballooning;
    private Level level = Level.BALANCED;
    private @Nullable PackageSigner signer;
    private Set<Loss> losses = Set.of();
    private @Nullable Semaphore limit;
    private Deadlines deadlines = Deadlines.USUAL;
    private Set<String> copiedDisks = Set.of();
    private boolean leaveClock;

    private SendSettings() {}

    private SendSettings(SendSettings other) {
        state = other.state;
        policy = other.policy;
        removeGuest = other.removeGuest;
        includeBaseImages = other.includeBaseImages;
        sendFreePages = other.sendFreePages;
        ballooning = other.ballooning;
        level = other.level;
        signer = other.signer;
        losses = other.losses;
        limit = other.limit;
        deadlines = other.deadlines;
        copiedDisks = other.copiedDisks;
        leaveClock = other.leaveClock;
    }

    private SendSettings with(Consumer<SendSettings> change) {
        SendSettings copy = new SendSettings(this);
        change.accept(copy);
        return copy;
    }

    /** Where this host remembers what it does, or null when that was not said. */
    public @Nullable HostState state() {
        return state;
    }

    /** What the guest may have. */
    public DomainPolicy policy() {
        return policy;
    }

    /** Whether a guest that is packed into a store is removed here; one that moves to a host always is. */
    public boolean removeGuest() {
        return removeGuest;
    }

    /** Whether base images travel as well. */
    public boolean includeBaseImages() {
        return includeBaseImages;
    }

    /** Whether free memory is sent as well. */
    public boolean sendFreePages() {
        return sendFreePages;
    }

    /** How long the guest may take to lend its free memory, or null if it is not asked. */
    public @Nullable Duration ballooning() {
        return ballooning;
    }

    /** How much work is to go into making the package small. */
    public Level level() {
        return level;
    }

    /** Who vouches for the package, or null. */
    public @Nullable PackageSigner signer() {
        return signer;
    }

    /** What the guest may lose. */
    public Set<Loss> losses() {
        return losses;
    }

    /** Has a permit for each guest that may leave at once, or null for {@link ProgramLimits#LEAVING}. */
    public @Nullable Semaphore limit() {
        return limit;
    }

    /** How long it may take. */
    public Deadlines deadlines() {
        return deadlines;
    }

    /** Disks that may travel as copies although other guests use them, by target. */
    public Set<String> copiedDisks() {
        return copiedDisks;
    }

    /** Whether the guest's clock is left as it is after a pause. */
    public boolean leaveClock() {
        return leaveClock;
    }

    /** With another {@link #state()}. */
    public SendSettings withState(HostState value) {
        return with(copy -> copy.state = value);
    }

    /** With another {@link #leaveClock()}. */
    public SendSettings withLeaveClock(boolean value) {
        return with(copy -> copy.leaveClock = value);
    }

    /** With another {@link #policy()}. */
    public SendSettings withPolicy(DomainPolicy value) {
        return with(copy -> copy.policy = value);
    }

    /** With another {@link #removeGuest()}. */
    public SendSettings withRemoveGuest(boolean value) {
        return with(copy -> copy.removeGuest = value);
    }

    /** With another {@link #includeBaseImages()}. */
    public SendSettings withBaseImages(boolean value) {
        return with(copy -> copy.includeBaseImages = value);
    }

    /** With another {@link #sendFreePages()}. */
    public SendSettings withSendFreePages(boolean value) {
        return with(copy -> copy.sendFreePages = value);
    }

    /** With another {@link #ballooning()}. */
    public SendSettings withBallooning(Duration value) {
        return with(copy -> copy.ballooning = value);
    }

    /** With another {@link #level()}. */
    public SendSettings withLevel(Level value) {
        return with(copy -> copy.level = value);
    }

    /** With another {@link #signer()}. */
    public SendSettings withSigner(PackageSigner value) {
        return with(copy -> copy.signer = value);
    }

    /** With another {@link #losses()}. */
    public SendSettings withLosses(Set<Loss> value) {
        return with(copy -> copy.losses = Set.copyOf(value));
    }

    /** With another {@link #limit()}. */
    public SendSettings withLimit(Semaphore value) {
        return with(copy -> copy.limit = value);
    }

    /** With another {@link #deadlines()}. */
    public SendSettings withDeadlines(Deadlines value) {
        return with(copy -> copy.deadlines = value);
    }

    /** With another {@link #copiedDisks()}. */
    public SendSettings withCopiedDisks(Set<String> value) {
        return with(copy -> copy.copiedDisks = Set.copyOf(value));
    }
}
