-- The shop of docker-compose.yml: the demo's three tables with a few rows, and a database for the replica.
CREATE DATABASE reporting;

CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, email text, city text,
  since timestamptz NOT NULL DEFAULT now());
CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL, description text,
  price numeric(10,2) NOT NULL, tags text[], attributes jsonb);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL,
  product_id bigint NOT NULL, quantity int NOT NULL, total numeric(12,2) NOT NULL,
  status text NOT NULL, ordered_at timestamptz NOT NULL DEFAULT now());

INSERT INTO customers VALUES (42, 'Ada', 'ada@example.com', 'London');
INSERT INTO products VALUES (7, 'Lamp', 'A fine lamp', 19.90, ARRAY['home'], '{"weight": 3}');
INSERT INTO orders VALUES (1, 42, 7, 2, 39.80, 'paid');
