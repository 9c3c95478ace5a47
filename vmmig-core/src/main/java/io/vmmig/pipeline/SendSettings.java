// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.Level;
import io.vmmig.Loss;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.protection.PackageSigner;
import io.vmmig.state.HostState;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * How a guest is to be sent.
 *
 * @param state where this host remembers what it does, or null when that was not said
 * @param policy what the guest may have
 * @param removeGuest whether a guest that is packed into a store is removed here; one that moves to a host always is
 * @param includeBaseImages whether base images travel as well
 * @param sendFreePages whether free memory is sent as well
 * @param ballooning how long the guest may take to lend its free memory, or null if it is not asked
 * @param level how much work is to go into making the package small
 * @param signer who vouches for the package, or null
 * @param losses what the guest may lose
 * @param limit has a permit for each guest that may leave at once, or null for {@link ProgramLimits#LEAVING}
 * @param deadlines how long it may take
 * @param copiedDisks disks that may travel as copies although other guests use them, by target
 */
public record SendSettings(
        @Nullable HostState state,
        DomainPolicy policy,
        boolean removeGuest,
        boolean includeBaseImages,
        boolean sendFreePages,
        @Nullable Duration ballooning,
        Level level,
        @Nullable PackageSigner signer,
        Set<Loss> losses,
        @Nullable Semaphore limit,
        Deadlines deadlines,
        Set<String> copiedDisks) {
    /** As a program sends it that asks for nothing special. */
    public static final SendSettings USUAL = new SendSettings(
            null,
            DomainPolicy.standard(),
            false,
            false,
            false,
            null,
            Level.BALANCED,
            null,
            Set.of(),
            null,
            Deadlines.USUAL,
            Set.of());

    /** With another {@link #state}. */
    public SendSettings withState(HostState state) {
        return new SendSettings(
                state,
                policy,
                removeGuest,
                includeBaseImages,
                sendFreePages,
                ballooning,
                level,
                signer,
                losses,
                limit,
                deadlines,
                copiedDisks);
    }

    /** With another {@link #policy}. */
    public SendSettings withPolicy(DomainPolicy policy) {
        return new SendSettings(
                state,
                policy,
                removeGuest,
                includeBaseImages,
                sendFreePages,
                ballooning,
                level,
                signer,
                losses,
                limit,
                deadlines,
                copiedDisks);
    }

    /** With another {@link #removeGuest}. */
    public SendSettings withRemoveGuest(boolean removeGuest) {
        return new SendSettings(
                state,
                policy,
                removeGuest,
                includeBaseImages,
                sendFreePages,
                ballooning,
                level,
                signer,
                losses,
                limit,
                deadlines,
                copiedDisks);
    }

    /** With another {@link #includeBaseImages}. */
    public SendSettings withBaseImages(boolean includeBaseImages) {
        return new SendSettings(
                state,
                policy,
                removeGuest,
                includeBaseImages,
                sendFreePages,
                ballooning,
                level,
                signer,
                losses,
                limit,
                deadlines,
                copiedDisks);
    }

    /** With another {@link #sendFreePages}. */
    public SendSettings withSendFreePages(boolean sendFreePages) {
        return new SendSettings(
                state,
                policy,
                removeGuest,
                includeBaseImages,
                sendFreePages,
                ballooning,
                level,
                signer,
                losses,
                limit,
                deadlines,
                copiedDisks);
    }

    /** With another {@link #level}. */
    public SendSettings withLevel(Level level) {
        return new SendSettings(
                state,
                policy,
                removeGuest,
                includeBaseImages,
                sendFreePages,
                ballooning,
                level,
                signer,
                losses,
                limit,
                deadlines,
                copiedDisks);
    }

    /** With another {@link #signer}. */
    public SendSettings withSigner(PackageSigner signer) {
        return new SendSettings(
                state,
                policy,
                removeGuest,
                includeBaseImages,
                sendFreePages,
                ballooning,
                level,
                signer,
                losses,
                limit,
                deadlines,
                copiedDisks);
    }

    /** With another {@link #ballooning}. */
    public SendSettings withBallooning(Duration ballooning) {
        return new SendSettings(
                state,
                policy,
                removeGuest,
                includeBaseImages,
                sendFreePages,
                ballooning,
                level,
                signer,
                losses,
                limit,
                deadlines,
                copiedDisks);
    }

    /** With other {@link #losses}. */
    public SendSettings withLosses(Set<Loss> losses) {
        return new SendSettings(
                state,
                policy,
                removeGuest,
                includeBaseImages,
                sendFreePages,
                ballooning,
                level,
                signer,
                losses,
                limit,
                deadlines,
                copiedDisks);
    }

    /** With another {@link #limit}. */
    public SendSettings withLimit(Semaphore limit) {
        return new SendSettings(
                state,
                policy,
                removeGuest,
                includeBaseImages,
                sendFreePages,
                ballooning,
                level,
                signer,
                losses,
                limit,
                deadlines,
                copiedDisks);
    }

    /** With other {@link #deadlines}. */
    public SendSettings withDeadlines(Deadlines deadlines) {
        return new SendSettings(
                state,
                policy,
                removeGuest,
                includeBaseImages,
                sendFreePages,
                ballooning,
                level,
                signer,
                losses,
                limit,
                deadlines,
                copiedDisks);
    }

    /** With other {@link #copiedDisks}. */
    public SendSettings withCopiedDisks(Set<String> copiedDisks) {
        return new SendSettings(
                state,
                policy,
                removeGuest,
                includeBaseImages,
                sendFreePages,
                ballooning,
                level,
                signer,
                losses,
                limit,
                deadlines,
                copiedDisks);
    }
}
