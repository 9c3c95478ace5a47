// SPDX-License-Identifier: Apache-2.0
package io.vmmig.json;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.ToNumberPolicy;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import java.io.IOException;
import java.io.StringReader;

/**
 * Reads JSON by RFC 8259 and no more: UTF-8, one object, no duplicate names, little nesting, a bounded number of values.
 */
public final class StrictJson {
    /** Nothing that vmmig writes is nested deeper than half of this. */
    private static final int MAX_DEPTH = 16;

    private static final int MAX_VALUES = 200_000;
    private static final int MAX_NUMBER_LENGTH = 100;

    private final JsonReader reader;
    private final String what;
    private int values;

    private StrictJson(JsonReader reader, String what) {
        this.reader = reader;
        this.what = what;
    }

    /**
     * The object that {@code bytes} hold. The caller has bounded their number.
     *
     * @param what what is being read, for the message, such as {@code manifest.json}
     * @throws PackageFormatException with {@link Problem#PACKAGE_MALFORMED} when they hold anything else
     */
    public static JsonObject object(byte[] bytes, String what) throws PackageFormatException {
        String text = Texts.utf8(bytes, what);
        JsonReader reader = new JsonReader(new StringReader(text));
        reader.setStrictness(Strictness.STRICT);
        StrictJson json = new StrictJson(reader, what);
        try {
            // Gson passes over a byte order mark.
            if (text.startsWith("\ufeff") || reader.peek() != JsonToken.BEGIN_OBJECT) {
                throw json.malformed("it is not a JSON object");
            }
            JsonObject object = json.readObject(1);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw json.malformed("something follows the JSON object");
            }
            return object;
        } catch (IOException | IllegalStateException | NumberFormatException e) {
            // Gson's own words are for programmers, and of more than one line.
            throw Malformed.because(what + " is not valid JSON at " + Malformed.quoted(reader.getPath()), e);
        }
    }

    private JsonObject readObject(int depth) throws IOException, PackageFormatException {
        JsonObject object = new JsonObject();
        reader.beginObject();
        while (reader.hasNext()) {
            String name = reader.nextName();
            if (object.has(name)) {
                throw malformed("the name " + Malformed.quoted(name) + " occurs twice in one object");
            }
            object.add(name, readValue(depth));
        }
        reader.endObject();
        return object;
    }

    private JsonElement readValue(int depth) throws IOException, PackageFormatException {
        if (++values > MAX_VALUES) {
            throw malformed("it holds too many values");
        }
        switch (reader.peek()) {
            case BEGIN_OBJECT -> {
                requireDepth(depth);
                return readObject(depth + 1);
            }
            case BEGIN_ARRAY -> {
                requireDepth(depth);
                JsonArray array = new JsonArray();
                reader.beginArray();
                while (reader.hasNext()) {
                    array.add(readValue(depth + 1));
                }
                reader.endArray();
                return array;
            }
            case STRING -> {
                return new JsonPrimitive(reader.nextString());
            }
            case NUMBER -> {
                // Kept as text: a number like 1e999999999 must not be expanded by anybody.
                Number number = ToNumberPolicy.LAZILY_PARSED_NUMBER.readNumber(reader);
                if (number.toString().length() > MAX_NUMBER_LENGTH) {
                    throw malformed("it holds too long a number");
                }
                return new JsonPrimitive(number);
            }
            case BOOLEAN -> {
                return new JsonPrimitive(reader.nextBoolean());
            }
            case NULL -> {
                reader.nextNull();
                return JsonNull.INSTANCE;
            }
            default -> throw malformed("it is not valid JSON");
        }
    }

    private void requireDepth(int depth) throws PackageFormatException {
        if (depth >= MAX_DEPTH) {
            throw malformed("it is nested too deeply");
        }
    }

    private PackageFormatException malformed(String why) {
        return Malformed.because(what + ": " + why);
    }
}
