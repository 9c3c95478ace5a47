// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.format.Seal;
import io.vmmig.bundle.format.SealedContent;
import io.vmmig.content.Digest;
import io.vmmig.page.PageSource;
import io.vmmig.snapshot.PageTally;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A summary of a whole package, as written or as read and verified.
 *
 * @param bytes the size of the package, in bytes
 * @param seal the SHA-256 of the package's seal, which identifies all of its content
 * @param contentsDigest the digest of all contents, which signatures sign
 * @param signatures the signatures, the oldest first; not verified
 * @param contents its contents in order, beginning with {@code manifest.json}
 * @param pages how the pages of disks and snapshot are stored; kinds without pages are left out
 */
public record PackageSummary(
        long bytes,
        Digest seal,
        Digest contentsDigest,
        List<String> signatures,
        List<Content> contents,
        List<PageCount> pages) {
    /** The name of the content that is the part of QEMU's migration stream that was sent while the guest ran. */
    public static final String PRECOPY = "precopy";

    /** The name of the content that is QEMU's migration stream, or its rest after {@link #PRECOPY}. */
    public static final String SNAPSHOT = "snapshot";

    public PackageSummary {
        signatures = List.copyOf(signatures);
        pages = List.copyOf(pages);
        contents = List.copyOf(contents);
    }

    /**
     * The summary of a sealed package.
     *
     * @param digest the digest of its seal
     * @param tallies for each content that is stored as pages, by name, how its pages are stored
     */
    static PackageSummary of(long bytes, Digest digest, Seal seal, Map<String, PageTally> tallies, Manifest manifest) {
        return new PackageSummary(
                bytes,
                digest,
                seal.contentsDigest(),
                seal.signatures(),
                seal.contents().stream()
                        .map(content ->
                                new Content(content.name(), content.bytes(), content.storedBytes(), content.digest()))
                        .toList(),
                seal.contents().stream()
                        .map(SealedContent::name)
                        .flatMap(name -> Optional.ofNullable(tallies.get(name)).stream()
                                .flatMap(tally -> counts(name, tally, manifest.references())))
                        .filter(count -> count.pages() > 0)
                        .toList());
    }

    private static Stream<PageCount> counts(String content, PageTally count, List<Manifest.Reference> references) {
        return Stream.concat(
                Stream.of(
                        PageCount.of(content, PageKind.FILLED, null, count.filled()),
                        PageCount.of(content, PageKind.SAME, null, count.same()),
                        PageCount.of(content, PageKind.DELTA, null, count.deltas()),
                        PageCount.of(content, PageKind.LITERAL, null, count.literal())),
                IntStream.range(0, references.size())
                        .mapToObj(i -> PageCount.of(
                                content, PageKind.REFERENCE, references.get(i).digest(), count.referenced(i))));
    }

    /** How a page is stored. */
    public enum PageKind {
        /** As the one byte that it consists of, most often zero. */
        FILLED,
        /** As the number of an earlier page of the package. */
        SAME,
        /** As the number of a page of a reference. */
        REFERENCE,
        /** As the difference from a page that both ends hold. */
        DELTA,
        /** Literally. */
        LITERAL
    }

    /**
     * The pages of one content that are stored in the same way.
     *
     * @param content the content's name
     * @param kind how they are stored
     * @param reference the digest of their reference, if that is their kind, or null
     * @param pages how many
     * @param bytes their size before they were encoded, in bytes
     */
    public record PageCount(String content, PageKind kind, @Nullable Digest reference, long pages, long bytes) {
        private static PageCount of(String content, PageKind kind, @Nullable Digest reference, long pages) {
            return new PageCount(content, kind, reference, pages, pages * PageSource.PAGE_BYTES);
        }
    }

    /** The content of that name, such as {@code snapshot} or {@code disks/vda.0.qcow2}. */
    public Optional<Content> content(String name) {
        return contents.stream().filter(content -> content.name().equals(name)).findFirst();
    }

    /**
     * One content.
     *
     * @param name its name
     * @param bytes its size, in bytes
     * @param storedBytes its size in the package, in bytes, without the tar's headers
     * @param digest its SHA-256
     */
    public record Content(String name, long bytes, long storedBytes, Digest digest) {}
}
