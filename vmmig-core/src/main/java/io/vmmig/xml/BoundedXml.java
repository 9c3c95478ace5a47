// SPDX-License-Identifier: Apache-2.0
package io.vmmig.xml;

import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.json.Malformed;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParserFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.jspecify.annotations.Nullable;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.Attributes;
import org.xml.sax.InputSource;
import org.xml.sax.Locator;
import org.xml.sax.SAXException;
import org.xml.sax.XMLReader;
import org.xml.sax.ext.Locator2;
import org.xml.sax.helpers.DefaultHandler;

/**
 * Parses untrusted XML into a tree of elements, attributes and text: no namespaces, no DTD and so no entities, nothing external;
 * comments and processing instructions are dropped. The size is checked before the tree is built.
 */
public final class BoundedXml {
    /** libvirt itself refuses domain XML of more than 10 MiB. */
    private static final int MAX_CHARACTERS = 10 << 20;

    /** The images of a chain are nested elements, and a chain may have 64. */
    private static final int MAX_DEPTH = 96;

    private static final int MAX_ELEMENTS = 50_000;
    private static final int MAX_ATTRIBUTES = 64;

    private BoundedXml() {}

    /**
     * The root element of a text.
     *
     * @param what the name for messages, such as {@code the domain XML}
     * @throws IncompatibleException with {@link Problem#DOMAIN_UNSUPPORTED} when it is not well-formed, or too large
     */
    public static Element parse(String xml, String what) throws IncompatibleException {
        if (xml.length() > MAX_CHARACTERS) {
            throw refused(what + " is longer than " + MAX_CHARACTERS + " characters", null);
        }
        try {
            SAXParserFactory factory = SAXParserFactory.newDefaultInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            factory.setFeature("http://xml.org/sax/features/external-general-entities", false);
            factory.setFeature("http://xml.org/sax/features/external-parameter-entities", false);
            factory.setXIncludeAware(false);
            factory.setNamespaceAware(false);
            XMLReader reader = factory.newSAXParser().getXMLReader();
            reader.setProperty(XMLConstants.ACCESS_EXTERNAL_DTD, "");
            reader.setProperty(XMLConstants.ACCESS_EXTERNAL_SCHEMA, "");
            TreeBuilder builder = new TreeBuilder(DocumentBuilderFactory.newDefaultInstance()
                    .newDocumentBuilder()
                    .newDocument());
            reader.setContentHandler(builder);
            reader.setErrorHandler(builder);
            reader.parse(new InputSource(new StringReader(xml)));
            return builder.document.getDocumentElement();
        } catch (SAXException e) {
            throw refused(what + " is not well-formed: " + Malformed.quoted(String.valueOf(e.getMessage())), e);
        } catch (IOException e) {
            // The parser's exception for malformed UTF-8.
            throw refused(what + " is not well-formed", e);
        } catch (ParserConfigurationException e) {
            throw new AssertionError("the JDK's parser has these features", e);
        }
    }

    private static IncompatibleException refused(String what, @Nullable Throwable cause) {
        return new IncompatibleException(Problem.DOMAIN_UNSUPPORTED, what, "Give the XML as libvirt prints it.", cause);
    }

    /** An element as text, without an XML declaration. */
    public static String text(Element element) {
        try {
            var transformer = TransformerFactory.newDefaultInstance().newTransformer();
            transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
            StringWriter out = new StringWriter();
            transformer.transform(new DOMSource(element), new StreamResult(out));
            return out.toString();
        } catch (TransformerException e) {
            throw new AssertionError("a parsed element can be written", e);
        }
    }

    /** Builds the tree, as long as it stays small. */
    private static final class TreeBuilder extends DefaultHandler {
        private final Document document;
        private Node current;
        private @Nullable Locator locator;
        private int depth;
        private int elements;

        TreeBuilder(Document document) {
            this.document = document;
            this.current = document;
        }

        @Override
        public void setDocumentLocator(Locator locator) {
            this.locator = locator;
        }

        @Override
        public void startElement(String namespace, String localName, String name, Attributes attributes)
                throws SAXException {
            if (locator instanceof Locator2 at && "1.1".equals(at.getXMLVersion())) {
                throw new SAXException("it is of XML 1.1, which libvirt does not write");
            }
            depth++;
            elements++;
            if (depth > MAX_DEPTH || elements > MAX_ELEMENTS || attributes.getLength() > MAX_ATTRIBUTES) {
                throw new SAXException("it is nested too deeply, or has too many elements or attributes");
            }
            Element element = document.createElement(name);
            for (int i = 0; i < attributes.getLength(); i++) {
                element.setAttribute(attributes.getQName(i), attributes.getValue(i));
            }
            current.appendChild(element);
            current = element;
        }

        @Override
        public void endElement(String namespace, String localName, String name) {
            depth--;
            current = current.getParentNode();
        }

        @Override
        public void characters(char[] characters, int start, int length) {
            current.appendChild(document.createTextNode(new String(characters, start, length)));
        }

        @Override
        public void error(org.xml.sax.SAXParseException e) throws SAXException {
            throw e;
        }
    }
}
