// SPDX-License-Identifier: Apache-2.0
package io.vmmig.json;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A JSON object that is written field by field, in that order: the same fields always give the same bytes. Not thread-safe. */
public final class JsonText {
    private static final Gson PRETTY =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private final JsonObject object = new JsonObject();

    /** Adds a number, true or false, an object, or what any other value is as text; nothing if it is null. */
    public JsonText put(String name, @Nullable Object value) {
        if (value instanceof Number number) {
            object.addProperty(name, number);
        } else if (value instanceof Boolean flag) {
            object.addProperty(name, flag);
        } else if (value instanceof JsonText inner) {
            object.add(name, inner.object);
        } else if (value != null) {
            object.addProperty(name, value.toString());
        }
        return this;
    }

    /** Adds an array of what each value is as text. */
    public JsonText texts(String name, Collection<?> texts) {
        JsonArray array = new JsonArray();
        texts.forEach(text -> array.add(text.toString()));
        object.add(name, array);
        return this;
    }

    /** Adds an array of objects. */
    public <T> JsonText objects(String name, Collection<T> all, Function<T, JsonText> each) {
        JsonArray array = new JsonArray();
        all.forEach(one -> array.add(each.apply(one).object));
        object.add(name, array);
        return this;
    }

    /** The fields so far, as they will be read; {@code where} names the object in messages. */
    public JsonFields fields(String where) {
        return new JsonFields(object, where);
    }

    /** The object on one line, in UTF-8. */
    public byte[] line() {
        return object.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** The object for people to read, with a line for each field, in UTF-8. */
    public byte[] lines() {
        return (PRETTY.toJson(object) + "\n").getBytes(StandardCharsets.UTF_8);
    }
}
