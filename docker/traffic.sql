-- One transaction of the shop's traffic, for pgbench: an order comes, one ships, an old one goes, a customer moves, a
-- price changes. About 400 orders are open at a time.
\set customer random(1, 2000)
\set product random(1, 2000)
\set city random(1, 5)
BEGIN;
SELECT nextval('order_numbers') AS number \gset
INSERT INTO orders VALUES (:number, :customer, :product, 2, 19.90, 'new');
UPDATE orders SET status = 'shipped' WHERE id = :number - 20;
DELETE FROM orders WHERE id = :number - 400;
UPDATE customers SET city = (ARRAY['Quito','Porto','Hanoi','Dakar','Bergen'])[:city] WHERE id = :customer;
UPDATE products SET price = price + 0.01 WHERE id = :product;
COMMIT;
