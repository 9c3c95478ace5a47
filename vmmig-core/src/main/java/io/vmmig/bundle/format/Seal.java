// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

import io.vmmig.content.Digest;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import io.vmmig.json.Malformed;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.regex.Pattern;

/**
 * The digests of everything before it in a package, with signatures. Unknown optional fields are ignored.
 *
 * @param contents the contents in order, the manifest first
 * @param signatures of {@link #contentsDigest()}, the oldest first
 */
public record Seal(List<SealedContent> contents, List<String> signatures) {
    /** The last entry of a package. */
    public static final String ENTRY = "seal.json";

    /** The version of the package format that this vmmig writes, and the highest that it reads. */
    public static final int FORMAT_VERSION = 2;

    private static final int MAX_SIGNATURES = 256;
    private static final int MAX_SIGNATURE_LENGTH = 64 << 10;
    private static final Pattern ENCODING = Pattern.compile("[a-z0-9-]{1,64}");
    private static final Set<String> FIELDS = Set.of("vmmig", "contents", "signatures");
    private static final Set<String> CONTENT_FIELDS =
            Set.of("name", "encoding", "segments", "digest", "bytes", "stored");
    private static final Set<String> STORED_FIELDS = Set.of("digest", "bytes");

    public Seal {
        contents = List.copyOf(contents);
        signatures = List.copyOf(signatures);
    }

    /** The digest that signatures sign: the SHA-256 of one line for each content, with everything that the seal says of it. */
    public Digest contentsDigest() {
        MessageDigest sha256 = Digest.newSha256();
        for (SealedContent content : contents) {
            String line = String.join(
                    " ",
                    content.name(),
                    content.encoding(),
                    Long.toString(content.segments()),
                    content.digest().toString(),
                    Long.toString(content.bytes()),
                    content.storedDigest().toString(),
                    Long.toString(content.storedBytes()));
            sha256.update((line + "\n").getBytes(StandardCharsets.US_ASCII));
        }
        return Digest.of(sha256);
    }

    /** The seal as JSON, always the same bytes for the same seal. */
    public byte[] toJson() {
        JsonText json = new JsonText().put("vmmig", FORMAT_VERSION).objects("contents", contents, Seal::json);
        return (signatures.isEmpty() ? json : json.texts("signatures", signatures)).lines();
    }

    private static JsonText json(SealedContent content) {
        return new JsonText()
                .put("name", content.name())
                .put("encoding", content.encoding())
                .put("segments", content.segments())
                .put("digest", content.digest())
                .put("bytes", content.bytes())
                .put(
                        "stored",
                        new JsonText().put("digest", content.storedDigest()).put("bytes", content.storedBytes()));
    }

    /**
     * Parses a seal; the caller has bounded its size.
     *
     * @throws PackageFormatException when it is malformed or too new
     */
    public static Seal parse(byte[] bytes) throws PackageFormatException {
        JsonFields fields = JsonFields.of(bytes, ENTRY).knowing(FIELDS);
        if (fields.number("vmmig", 1, Integer.MAX_VALUE) > FORMAT_VERSION) {
            throw Malformed.tooNew("the seal is of a newer format version than the manifest");
        }
        List<SealedContent> contents = new ArrayList<>();
        for (JsonFields content : fields.objects("contents", Integer.MAX_VALUE)) {
            JsonFields stored = content.knowing(CONTENT_FIELDS).object("stored").knowing(STORED_FIELDS);
            contents.add(new SealedContent(
                    content.text("name", TarHeader.NAME),
                    content.text("encoding", ENCODING),
                    content.number("segments", 0, SealedContent.MAX_SEGMENTS),
                    content.digest("digest"),
                    content.number("bytes", 0, Long.MAX_VALUE),
                    stored.digest("digest"),
                    stored.number("bytes", 0, Long.MAX_VALUE)));
        }
        List<String> signatures =
                fields.has("signatures") ? fields.texts("signatures", MAX_SIGNATURES, MAX_SIGNATURE_LENGTH) : List.of();
        return new Seal(contents, signatures);
    }

    /**
     * Checks that the contents that were read match the seal.
     *
     * @param actual the contents that were read
     * @throws PackageFormatException when the names or encodings of the contents differ
     * @throws IntegrityException with {@link Problem#DIGEST_MISMATCH} when a content differs
     */
    public void requireSame(List<SealedContent> actual) throws PackageFormatException, IntegrityException {
        require(actual, SealedContent::equals);
    }

    /** As {@link #requireSame}, for contents that were not decoded. */
    public void requireStored(List<SealedContent> actual) throws PackageFormatException, IntegrityException {
        require(actual, SealedContent::isStoredAs);
    }

    private void require(List<SealedContent> actual, BiPredicate<SealedContent, SealedContent> same)
            throws PackageFormatException, IntegrityException {
        if (!names(contents).equals(names(actual))) {
            throw Malformed.because("the seal is about other contents than the package holds");
        }
        for (int i = 0; i < contents.size(); i++) {
            if (!same.test(contents.get(i), actual.get(i))) {
                throw new IntegrityException(
                        Problem.DIGEST_MISMATCH,
                        "the content " + actual.get(i).name() + " of the package is not what was sealed",
                        "The package is damaged; make it afresh at the source.");
            }
        }
    }

    private static List<String> names(List<SealedContent> contents) {
        return contents.stream().map(SealedContent::name).toList();
    }
}
