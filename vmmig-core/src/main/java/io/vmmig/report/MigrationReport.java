// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.vmmig.content.Digest;
import io.vmmig.domain.DomainChange;
import io.vmmig.protection.Handling;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a migration that went well was like, as seen from one of its ends.
 *
 * @param packageId names the package; the same at both ends
 * @param guest the guest's name at this end
 * @param from the host that the guest left
 * @param to whom or what it went to; at the destination, the name of the guest there
 * @param startedAt when the migration began at this end
 * @param suspendedAt when the guest stopped at the source, or null at the destination
 * @param resumedAt when this end knew that the guest ran again, or null if it was left paused or lies in a package
 * @param totalMillis how long the migration took at this end, in milliseconds
 * @param reconnections how often the connection with the other end broke and was taken up again
 * @param phases the phases, in order
 * @param snapshotBytes memory and device state as QEMU wrote them, in bytes
 * @param diskBytes all disk layers before compression, in bytes
 * @param packageBytes the whole package, in bytes
 * @param contents what was in the package
 * @param references base images that the guest needs and that did not travel
 * @param pages what the pages of disks and memory were stored as
 * @param freePages memory that the guest's kernel did not use, or null at the destination
 * @param balloon memory that the guest has lent while it was being sent, or null if it was not asked for any
 * @param domainChanges what was changed in the domain XML; empty at the source
 * @param provenance the hosts that have vouched for the guest, the oldest first; empty at the source, and where nobody asked
 * @param leftAtSource the guest's disk images that are still at the source although the guest has gone, since vmmig removes only what it
 *     has made: stale, and to be removed by whoever made them; empty at the destination, and where the guest stays
 * @param notices what the caller should know besides, in the order in which it was found
 */
public record MigrationReport(
        UUID packageId,
        String guest,
        String from,
        String to,
        Instant startedAt,
        @Nullable Instant suspendedAt,
        @Nullable Instant resumedAt,
        long totalMillis,
        int reconnections,
        List<PhaseTiming> phases,
        long snapshotBytes,
        long diskBytes,
        long packageBytes,
        List<ContentSize> contents,
        List<Digest> references,
        List<PageCount> pages,
        @Nullable FreePages freePages,
        @Nullable Balloon balloon,
        List<DomainChange> domainChanges,
        List<Handling> provenance,
        List<Path> leftAtSource,
        List<Notice> notices) {
    private static final int PAGE_BYTES = 4096;

    public MigrationReport {
        phases = List.copyOf(phases);
        contents = List.copyOf(contents);
        references = List.copyOf(references);
        pages = List.copyOf(pages);
        domainChanges = List.copyOf(domainChanges);
        provenance = List.copyOf(provenance);
        leftAtSource = List.copyOf(leftAtSource);
        notices = List.copyOf(notices);
    }

    /**
     * One content of the package.
     *
     * @param name its name in the package, such as {@code snapshot}
     * @param bytes its size before compression
     * @param storedBytes its size in the package
     * @param digest the SHA-256 of its bytes before compression
     */
    public record ContentSize(String name, long bytes, long storedBytes, Digest digest) {}

    /**
     * Pages of one content that were stored alike.
     *
     * @param content the content's name in the package
     * @param kind {@code FILLED}: of one repeated byte, most often zero; {@code SAME}: as an earlier page of the package;
     *     {@code REFERENCE}: as a page that both ends hold; {@code DELTA}: what has changed in a page that both ends hold;
     *     {@code LITERAL}: the page itself
     * @param reference what the pages come from, if {@code REFERENCE}, or null
     * @param pages how many, of 4096 bytes each
     */
    public record PageCount(String content, String kind, @Nullable Digest reference, long pages) {
        /** Their size before they were stored, in bytes. */
        public long bytes() {
            return pages * PAGE_BYTES;
        }
    }

    /**
     * Memory whose content was not sent, since the guest's kernel had it marked as free.
     *
     * @param leftOut how many pages of content were left out
     * @param keptBecause why none were, or null
     */
    public record FreePages(long leftOut, @Nullable String keptBecause) {}

    /**
     * Memory that a guest's balloon driver has lent to the host until the guest went on. What was in it was not sent.
     *
     * @param takenBytes how much it has lent
     * @param missedBytes how much more it should have lent
     * @param missedBecause why it has not, or why it could not be asked at all; null if it has
     */
    public record Balloon(long takenBytes, long missedBytes, @Nullable String missedBecause) {}

    /** How long the guest stood still, in milliseconds, if this end saw it both stop and go on. */
    public OptionalLong downtimeMillis() {
        return suspendedAt == null || resumedAt == null
                ? OptionalLong.empty()
                : OptionalLong.of(Duration.between(suspendedAt, resumedAt).toMillis());
    }

    /** The report as a JSON object, with the names of this record's components. */
    public String toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("packageId", packageId.toString());
        json.addProperty("guest", guest);
        json.addProperty("from", from);
        json.addProperty("to", to);
        json.addProperty("startedAt", startedAt.toString());
        if (suspendedAt != null) {
            json.addProperty("suspendedAt", suspendedAt.toString());
        }
        if (resumedAt != null) {
            json.addProperty("resumedAt", resumedAt.toString());
        }
        downtimeMillis().ifPresent(millis -> json.addProperty("downtimeMillis", millis));
        json.addProperty("totalMillis", totalMillis);
        json.addProperty("reconnections", reconnections);
        json.addProperty("snapshotBytes", snapshotBytes);
        json.addProperty("diskBytes", diskBytes);
        json.addProperty("packageBytes", packageBytes);
        json.add("phases", phasesJson());
        json.add("contents", contentsJson());
        JsonArray digests = new JsonArray();
        references.forEach(digest -> digests.add(digest.toString()));
        json.add("references", digests);
        json.add("pages", pagesJson());
        if (freePages != null) {
            JsonObject free = new JsonObject();
            free.addProperty("leftOut", freePages.leftOut());
            free.addProperty("keptBecause", freePages.keptBecause());
            json.add("freePages", free);
        }
        if (balloon != null) {
            JsonObject lent = new JsonObject();
            lent.addProperty("takenBytes", balloon.takenBytes());
            lent.addProperty("missedBytes", balloon.missedBytes());
            lent.addProperty("missedBecause", balloon.missedBecause());
            json.add("balloon", lent);
        }
        json.add("domainChanges", changesJson());
        json.add("provenance", provenanceJson());
        JsonArray left = new JsonArray();
        leftAtSource.forEach(file -> left.add(file.toString()));
        json.add("leftAtSource", left);
        json.add("notices", noticesJson());
        return new GsonBuilder()
                .setPrettyPrinting()
                .disableHtmlEscaping()
                .create()
                .toJson(json);
    }

    private JsonArray phasesJson() {
        JsonArray array = new JsonArray();
        for (PhaseTiming timing : phases) {
            JsonObject json = new JsonObject();
            json.addProperty("phase", timing.phase().name());
            json.addProperty("startMillis", timing.startMillis());
            json.addProperty("lengthMillis", timing.lengthMillis());
            array.add(json);
        }
        return array;
    }

    private JsonArray pagesJson() {
        JsonArray array = new JsonArray();
        for (PageCount count : pages) {
            JsonObject json = new JsonObject();
            json.addProperty("content", count.content());
            json.addProperty("kind", count.kind());
            if (count.reference() != null) {
                json.addProperty("reference", count.reference().toString());
            }
            json.addProperty("pages", count.pages());
            json.addProperty("bytes", count.bytes());
            array.add(json);
        }
        return array;
    }

    private JsonArray contentsJson() {
        JsonArray array = new JsonArray();
        for (ContentSize content : contents) {
            JsonObject json = new JsonObject();
            json.addProperty("name", content.name());
            json.addProperty("bytes", content.bytes());
            json.addProperty("storedBytes", content.storedBytes());
            json.addProperty("digest", content.digest().toString());
            array.add(json);
        }
        return array;
    }

    private JsonArray provenanceJson() {
        JsonArray array = new JsonArray();
        for (Handling handling : provenance) {
            JsonObject json = new JsonObject();
            json.addProperty("signer", handling.signer());
            json.addProperty("at", handling.at().toString());
            json.addProperty("packageId", handling.packageId().toString());
            JsonArray changes = new JsonArray();
            handling.changes().forEach(changes::add);
            json.add("changes", changes);
            array.add(json);
        }
        return array;
    }

    private JsonArray noticesJson() {
        JsonArray array = new JsonArray();
        for (Notice notice : notices) {
            JsonObject json = new JsonObject();
            json.addProperty("kind", notice.kind().name());
            json.addProperty("subject", notice.subject());
            json.addProperty("text", notice.text());
            json.addProperty("remedy", notice.remedy());
            array.add(json);
        }
        return array;
    }

    private JsonArray changesJson() {
        JsonArray array = new JsonArray();
        for (DomainChange change : domainChanges) {
            JsonObject json = new JsonObject();
            json.addProperty("where", change.where());
            json.addProperty("before", change.before());
            json.addProperty("after", change.after());
            array.add(json);
        }
        return array;
    }
}
