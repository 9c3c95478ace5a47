// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.vmmig.content.Digest;
import io.vmmig.error.PackageFormatException;
import io.vmmig.json.JsonFields;
import io.vmmig.json.Malformed;
import io.vmmig.json.StrictJson;
import io.vmmig.json.Texts;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A host's signed statement about a package that it made: a link in the chain of hosts that have handled the guest.
 *
 * @param packageId the package's id
 * @param contents the digest of the package's contents
 * @param signer who made the statement
 * @param signed when, to the millisecond, by that host's clock
 * @param from the digest of the seal of the earlier package in which the guest arrived; null if it did not arrive in one
 * @param recipients the hosts that the package is for; empty for anyone
 * @param changes earlier changes of the domain; at most 64 texts of 1 to 128 characters, none of them a control character
 * @param previous the digest of the previous link; null in the first
 */
public record ProvenanceLink(
        UUID packageId,
        Digest contents,
        SignerKey signer,
        Instant signed,
        @Nullable Digest from,
        List<Fingerprint> recipients,
        List<String> changes,
        @Nullable Digest previous) {
    /** The maximum number of recipients of a package. */
    public static final int MAX_RECIPIENTS = 64;
    /** The maximum number of changes in a link. */
    public static final int MAX_CHANGES = 64;
    /** The maximum length of a change's text. */
    public static final int MAX_CHANGE_LENGTH = 128;

    static final String TYPE = "vmmig-provenance+jws";
    /** Enough for the longest texts of the longest characters. */
    static final int MAX_BYTES = 32 << 10;

    private static final int VERSION = 1;
    private static final String WHERE = "a link of the provenance";
    private static final Set<String> FIELDS =
            Set.of("vmmig", "package", "contents", "signer", "signed", "from", "to", "changes", "previous", "critical");
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    /** Checks what a reader would check. */
    public ProvenanceLink {
        signed = signed.truncatedTo(ChronoUnit.MILLIS);
        recipients = List.copyOf(recipients);
        changes = List.copyOf(changes);
        if (recipients.size() > MAX_RECIPIENTS || changes.size() > MAX_CHANGES) {
            throw new IllegalArgumentException(
                    "a link names at most " + MAX_RECIPIENTS + " recipients and " + MAX_CHANGES + " changes");
        }
        for (String change : changes) {
            if (change.isEmpty() || change.length() > MAX_CHANGE_LENGTH || !Texts.isPlain(change)) {
                throw new IllegalArgumentException(
                        "a change has 1 to " + MAX_CHANGE_LENGTH + " characters, and no control characters");
            }
        }
    }

    byte[] encode() {
        JsonObject json = new JsonObject();
        json.addProperty("vmmig", VERSION);
        json.addProperty("package", packageId.toString());
        json.addProperty("contents", contents.toString());
        json.addProperty("signer", signer.toString());
        json.addProperty("signed", signed.toString());
        if (from != null) {
            json.addProperty("from", from.toString());
        }
        json.add("to", array(recipients.stream().map(Fingerprint::hex).toList()));
        json.add("changes", array(changes));
        if (previous != null) {
            json.addProperty("previous", previous.toString());
        }
        return GSON.toJson(json).getBytes(StandardCharsets.UTF_8);
    }

    private static JsonArray array(List<String> texts) {
        JsonArray array = new JsonArray();
        texts.forEach(array::add);
        return array;
    }

    static ProvenanceLink decode(byte[] payload) throws PackageFormatException {
        JsonFields fields = new JsonFields(StrictJson.object(payload, WHERE), WHERE);
        if (fields.number("vmmig", 1, Integer.MAX_VALUE) > VERSION) {
            throw Malformed.tooNew(WHERE + " is of a newer version");
        }
        fields.knowing(FIELDS);
        return new ProvenanceLink(
                fields.uuid("package"),
                fields.digest("contents"),
                signer(fields),
                fields.instant("signed"),
                fields.has("from") ? fields.digest("from") : null,
                recipients(fields),
                fields.texts("changes", MAX_CHANGES, MAX_CHANGE_LENGTH),
                fields.has("previous") ? fields.digest("previous") : null);
    }

    private static SignerKey signer(JsonFields fields) throws PackageFormatException {
        try {
            return SignerKey.read(fields.text("signer", 64));
        } catch (IllegalArgumentException e) {
            throw fields.malformed("signer", "is not an Ed25519 key");
        }
    }

    private static List<Fingerprint> recipients(JsonFields fields) throws PackageFormatException {
        List<Fingerprint> recipients = new ArrayList<>();
        for (String hex : fields.texts("to", MAX_RECIPIENTS, 64)) {
            try {
                recipients.add(new Fingerprint(hex));
            } catch (IllegalArgumentException e) {
                throw fields.malformed("to", "holds something else than fingerprints");
            }
        }
        return recipients;
    }
}
