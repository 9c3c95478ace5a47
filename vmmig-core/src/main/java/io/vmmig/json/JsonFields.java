// SPDX-License-Identifier: Apache-2.0
package io.vmmig.json;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.vmmig.content.Digest;
import io.vmmig.error.PackageFormatException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a JSON object from outside, each with its type and its bounds. A field that is missing where it must be, is
 * of another type or out of its bounds is {@link io.vmmig.error.Problem#PACKAGE_MALFORMED}; fields that nobody asks for are
 * ignored, unless the object's own {@code critical} list names them.
 */
public final class JsonFields {
    private static final String CRITICAL = "critical";
    private static final Pattern INTEGER = Pattern.compile("0|-?[1-9][0-9]{0,18}");
    private static final Pattern UUID_FORM =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
    private static final Pattern INSTANT_FORM =
            Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?Z");

    private final JsonObject object;
    private final String where;

    /**
     * The fields of {@code object}.
     *
     * @param where how to name the object in messages, such as {@code manifest.json: guest}
     */
    public JsonFields(JsonObject object, String where) {
        this.object = object;
        this.where = where;
    }

    /**
     * The fields of the object that {@code bytes} hold; the caller has bounded their number.
     *
     * @param where what they are, for messages, such as {@code manifest.json}
     * @throws PackageFormatException with {@link io.vmmig.error.Problem#PACKAGE_MALFORMED} when they hold anything else
     */
    public static JsonFields of(byte[] bytes, String where) throws PackageFormatException {
        return new JsonFields(StrictJson.object(bytes, where), where);
    }

    /** The same fields, with another name in messages. */
    public JsonFields as(String name) {
        return new JsonFields(object, name);
    }

    /** Whether the object begins with that field. */
    public boolean beginsWith(String name) {
        return !object.isEmpty() && object.keySet().iterator().next().equals(name);
    }

    /**
     * Checks that a reader which knows the fields {@code known} may ignore the rest.
     *
     * @throws PackageFormatException with {@link io.vmmig.error.Problem#PACKAGE_TOO_NEW} when it may not
     */
    public JsonFields knowing(Set<String> known) throws PackageFormatException {
        if (!has(CRITICAL)) {
            return this;
        }
        for (JsonElement element : array(CRITICAL, Long.MAX_VALUE)) {
            if (!(element instanceof JsonPrimitive primitive) || !primitive.isString()) {
                throw malformed(CRITICAL, "holds something else than names");
            }
            String name = primitive.getAsString();
            if (!known.contains(name) && !name.equals(CRITICAL)) {
                throw Malformed.tooNew(where + " needs a reader that knows the field " + Malformed.quoted(name)
                        + ", and this vmmig does not");
            }
        }
        return this;
    }

    /** Whether there is such a field. */
    public boolean has(String name) {
        return object.has(name);
    }

    /** A whole number from {@code min} to {@code max}. */
    public long number(String name, long min, long max) throws PackageFormatException {
        JsonPrimitive value = primitive(name);
        if (!value.isNumber() || !INTEGER.matcher(value.getAsString()).matches()) {
            throw malformed(name, "is not a whole number");
        }
        long number;
        try {
            number = Long.parseLong(value.getAsString());
        } catch (NumberFormatException e) {
            throw malformed(name, "is out of range");
        }
        if (number < min || number > max) {
            throw malformed(name, "is out of range");
        }
        return number;
    }

    /** A size from {@code min} upwards, beyond {@code limit} of which the package is too large rather than malformed. */
    public long size(String name, long min, long limit) throws PackageFormatException {
        long size = number(name, min, Long.MAX_VALUE);
        Malformed.requireWithin(where + ": " + name, size, limit);
        return size;
    }

    /** True or false. */
    public boolean flag(String name) throws PackageFormatException {
        JsonPrimitive value = primitive(name);
        if (!value.isBoolean()) {
            throw malformed(name, "is neither true nor false");
        }
        return value.getAsBoolean();
    }

    /** One to {@code maxLength} characters, all of them plain. */
    public String text(String name, int maxLength) throws PackageFormatException {
        JsonPrimitive value = primitive(name);
        if (!value.isString()) {
            throw malformed(name, "is not a string");
        }
        String text = value.getAsString();
        if (text.isEmpty() || text.length() > maxLength) {
            throw malformed(name, "is empty or longer than " + maxLength + " characters");
        }
        if (!Texts.isPlain(text)) {
            throw malformed(name, "holds characters that do not belong there");
        }
        return text;
    }

    /** Text of any length and any characters, or empty if there is none. */
    public Optional<String> anyText(String name) {
        return object.get(name) instanceof JsonPrimitive text && text.isString()
                ? Optional.of(text.getAsString())
                : Optional.empty();
    }

    /** Text of a certain form; {@code form} must bound the length. */
    public String text(String name, Pattern form) throws PackageFormatException {
        String text = text(name, Integer.MAX_VALUE);
        if (!form.matcher(text).matches()) {
            throw malformed(name, "is not of the form it must have: " + Malformed.quoted(text));
        }
        return text;
    }

    /** A UUID in its canonical, lower-case form. */
    public UUID uuid(String name) throws PackageFormatException {
        return UUID.fromString(text(name, UUID_FORM));
    }

    /** A moment in UTC, such as {@code 2026-01-31T12:00:00.5Z}. */
    public Instant instant(String name) throws PackageFormatException {
        try {
            return Instant.parse(text(name, INSTANT_FORM));
        } catch (DateTimeException e) {
            throw malformed(name, "is no moment in time");
        }
    }

    /** A digest. */
    public Digest digest(String name) throws PackageFormatException {
        String text = text(name, 128);
        Optional<Digest> digest = Digest.read(text);
        if (digest.isEmpty()) {
            throw malformed(name, "is not a SHA-256 digest");
        }
        return digest.get();
    }

    /** The fields of an object within this one. */
    public JsonFields object(String name) throws PackageFormatException {
        if (!(value(name) instanceof JsonObject inner)) {
            throw malformed(name, "is not an object");
        }
        return new JsonFields(inner, where + ": " + name);
    }

    /** The fields of each object in an array of at most {@code limit}. */
    public List<JsonFields> objects(String name, long limit) throws PackageFormatException {
        JsonArray array = array(name, limit);
        List<JsonFields> objects = new ArrayList<>(array.size());
        for (JsonElement element : array) {
            if (!(element instanceof JsonObject inner)) {
                throw malformed(name, "holds something else than objects");
            }
            objects.add(new JsonFields(inner, where + ": " + name + " " + objects.size()));
        }
        return objects;
    }

    /** The texts in an array of at most {@code limit}, each of 1 to {@code maxLength} characters, all of them plain. */
    public List<String> texts(String name, int limit, int maxLength) throws PackageFormatException {
        JsonArray array = array(name, limit);
        List<String> texts = new ArrayList<>(array.size());
        for (JsonElement element : array) {
            JsonObject single = new JsonObject();
            single.add(name, element);
            texts.add(new JsonFields(single, where).text(name, maxLength));
        }
        return texts;
    }

    /** To throw when the field's value makes no sense for a reason that only the caller knows. */
    public PackageFormatException malformed(String name, String why) {
        return Malformed.because(where + ": " + name + " " + why);
    }

    private JsonArray array(String name, long limit) throws PackageFormatException {
        if (!(value(name) instanceof JsonArray array)) {
            throw malformed(name, "is not an array");
        }
        Malformed.requireWithin(where + ": the number of " + name, array.size(), limit);
        return array;
    }

    private JsonPrimitive primitive(String name) throws PackageFormatException {
        if (!(value(name) instanceof JsonPrimitive primitive)) {
            throw malformed(name, "is not a simple value");
        }
        return primitive;
    }

    private JsonElement value(String name) throws PackageFormatException {
        @Nullable JsonElement value = object.get(name);
        if (value == null) {
            throw malformed(name, "is missing");
        }
        return value;
    }
}
