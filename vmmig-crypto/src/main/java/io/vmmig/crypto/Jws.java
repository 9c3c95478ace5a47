// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import com.google.gson.JsonObject;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.json.JsonFields;
import io.vmmig.json.StrictJson;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;

/**
 * Signatures as text: JSON Web Signatures (RFC 7515) in their compact form, with EdDSA (RFC 8037) over Ed25519. Whatever reads
 * JWS can verify them.
 *
 * <p>Only one form is accepted: a header with {@code alg}, which is {@code EdDSA}, and {@code typ}, which says what is signed. A
 * header with anything else, such as {@code crit} or embedded keys, is refused.
 */
public final class Jws {
    private static final int MAX_HEADER_BYTES = 256;
    private static final Set<String> HEADER = Set.of("alg", "typ");
    /** A character that a media type may have (RFC 6838, 4.2). */
    private static final String TYPE = "[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}";

    private Jws() {}

    static String sign(KeySet keys, String type, byte[] payload) {
        if (!type.matches(TYPE)) {
            throw new IllegalArgumentException("not a media type without its first part: " + type);
        }
        String header = "{\"alg\":\"EdDSA\",\"typ\":\"" + type + "\"}";
        String signed = Base64Url.encode(header.getBytes(StandardCharsets.US_ASCII)) + "." + Base64Url.encode(payload);
        return signed + "." + Base64Url.encode(keys.signature(signed.getBytes(StandardCharsets.US_ASCII)));
    }

    /**
     * Verifies a signature by {@code signer}, and returns what it signed.
     *
     * @param jws as {@link HostIdentity#sign} returns it
     * @param type the required type
     * @param maxPayload the maximum length of the payload in bytes
     * @throws PackageFormatException with {@link Problem#PACKAGE_MALFORMED} when it is not a JWS of the one form
     * @throws IntegrityException with {@link Problem#SIGNATURE_INVALID} when it is not by that signer
     */
    public static byte[] verify(String jws, String type, SignerKey signer, int maxPayload)
            throws PackageFormatException, IntegrityException {
        Parts parts = parse(jws, type, maxPayload);
        if (!parts.isBy(signer)) {
            throw new IntegrityException(
                    Problem.SIGNATURE_INVALID,
                    "the signature is not by the key " + signer + ", or not of this text",
                    "Do not use what was signed: it was changed in transit, or signed by someone else.");
        }
        return parts.payload();
    }

    /** What it claims to sign, and whether it does. */
    record Parts(String signed, byte[] payload, byte[] signature) {
        boolean isBy(SignerKey signer) {
            return signer.hasSigned(signed.getBytes(StandardCharsets.US_ASCII), signature);
        }
    }

    static Parts parse(String jws, String type, int maxPayload) throws PackageFormatException {
        // Four characters for three bytes each, of all three parts.
        if (jws.length() > 4L * (MAX_HEADER_BYTES + (long) maxPayload + SignerKey.SIGNATURE_BYTES) / 3 + 8) {
            throw malformed("it is too long");
        }
        String[] parts = jws.split("\\.", -1);
        if (parts.length != 3) {
            throw malformed("it has " + parts.length + " parts instead of 3");
        }
        checkHeader(decode(parts[0], "header"), type);
        byte[] payload = decode(parts[1], "payload");
        byte[] signature = decode(parts[2], "signature");
        if (payload.length > maxPayload) {
            throw malformed("its payload has more than " + maxPayload + " bytes");
        }
        if (signature.length != SignerKey.SIGNATURE_BYTES) {
            throw malformed("its signature has not " + SignerKey.SIGNATURE_BYTES + " bytes");
        }
        return new Parts(parts[0] + "." + parts[1], payload, signature);
    }

    private static byte[] decode(String part, String what) throws PackageFormatException {
        try {
            return Base64Url.decode(part);
        } catch (IllegalArgumentException e) {
            throw malformed("its " + what + " is not base64url");
        }
    }

    private static void checkHeader(byte[] header, String type) throws PackageFormatException {
        if (header.length > MAX_HEADER_BYTES) {
            throw malformed("its header has more than " + MAX_HEADER_BYTES + " bytes");
        }
        JsonObject object = StrictJson.object(header, "the header of a signature");
        if (!object.keySet().equals(HEADER)) {
            throw malformed("its header has something else than " + Arrays.asList("alg", "typ"));
        }
        JsonFields fields = new JsonFields(object, "the header of a signature");
        if (!fields.text("alg", 16).equals("EdDSA")) {
            throw malformed("its algorithm is not EdDSA");
        }
        if (!fields.text("typ", 128).equals(type)) {
            throw malformed("it is not of the type " + type);
        }
    }

    private static PackageFormatException malformed(String why) {
        return new PackageFormatException(
                Problem.PACKAGE_MALFORMED,
                "this is not a signature as vmmig reads them: " + why,
                "The package is damaged, or was not made by vmmig; make it again at the source.");
    }
}
