// SPDX-License-Identifier: Apache-2.0
package io.vmmig.xml;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** Helpers for DOM trees. */
public final class Xml {
    private Xml() {}

    /** The child elements. */
    public static List<Element> children(Element parent) {
        List<Element> children = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element) {
                children.add(element);
            }
        }
        return children;
    }

    /** The child elements of that name. */
    public static List<Element> children(Element parent, String tag) {
        return children(parent).stream().filter(e -> e.getTagName().equals(tag)).toList();
    }

    /** The first child element of that name. */
    public static Optional<Element> child(Element parent, String tag) {
        return children(parent, tag).stream().findFirst();
    }

    /** An attribute of the first child element of that name; empty if there is none. */
    public static String attribute(Element parent, String tag, String attribute) {
        return child(parent, tag).map(child -> child.getAttribute(attribute)).orElse("");
    }

    /** The stripped text of an element. */
    public static String text(Element element) {
        return element.getTextContent().strip();
    }

    /** The stripped text of the first child element of that name; empty if there is none. */
    public static String text(Element parent, String tag) {
        return child(parent, tag).map(Xml::text).orElse("");
    }

    /** The first child element of that name, or a new one. */
    public static Element childOrNew(Element parent, String tag) {
        return child(parent, tag).orElseGet(() -> {
            Element child = parent.getOwnerDocument().createElement(tag);
            parent.appendChild(child);
            return child;
        });
    }

    /** Removes an element from its parent. */
    public static void remove(Element element) {
        element.getParentNode().removeChild(element);
    }
}
