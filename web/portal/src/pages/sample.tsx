/** For the manager app's preview of the brand: the parts that a member meets, with a balance and products that nobody has. */
import { useState } from "react";
import { config } from "@shared/config";
import { number } from "@shared/shown";
import { sliderOf, split } from "@shared/split";
import { Cards } from "../parts/card";
import { Line } from "../parts/line";
import { Mix } from "../parts/mix";
import { useTitle } from "../parts/page";
import { Plate } from "../parts/plate";
import { say } from "../words";

const AVAILABLE = 38_250;
const BALANCE = { available: AVAILABLE, held: 1_400, pending: 5_200, debt: 0, expires_next_on: null, expires_next_amount: 0 };
const product = (asin: string, brand: string, title: string, points: number) => {
  const price_minor = Math.round(points / 2);
  return { asin, brand, title, points, price_minor, currency: config().store.currency, image: null, from_points: false, texts: {} };
};

export default function Sample() {
  const shown = [
    product("SAMPLE0001", "Kettle & Co", "Stoneware Teapot, 1.2 Litres", 12_400),
    product("SAMPLE0002", "Linea", "Linen Tea Towels, Pack of Two", 4_100),
    product("SAMPLE0003", "Oakwell", "Oak Tray with Handles", 21_900),
    product("SAMPLE0004", "Northlight", "Reading Lamp, Dimmable", 52_000),
  ] as const;
  const [first] = shown;
  const { min_percent, max_percent, points_step } = config().mix;
  const lines = [{ quantity: 1, unit_price_minor: first.price_minor, unit_points: first.points }];
  const slider = sliderOf(first.points, min_percent, max_percent, points_step);
  const [points, setPoints] = useState(Math.round((slider.minimum + slider.maximum) / 2));
  useTitle(first.title);
  return (
    <>
      <p className="standing num"><b>{number(AVAILABLE)}</b> {say("shop.unit")}</p>
      <Line balance={BALANCE} />
      <article className="page product">
        <div className="pictures"><Plate image={null} sizes="50vw" /></div>
        <div className="buy">
          <header className="page-head">
            <p className="small muted">{first.brand}</p>
            <h1>{first.title}</h1>
          </header>
          <Mix
            slider={slider}
            points={points}
            parts={split(lines, points)}
            currency={first.currency}
            stops={[{ name: "fewest", points: slider.minimum }, { name: "all", points: slider.maximum }]}
            label={say("product.how")}
            onChange={setPoints}
          />
          <div className="ways">
            <div className="bar">
              <button type="button" className="button">{say("product.buy")}</button>
              <button type="button" className="button quiet">{say("product.add")}</button>
            </div>
          </div>
        </div>
        <section className="section goes-with">
          <h2>{say("product.goes_with")}</h2>
          <Cards products={shown} balance={AVAILABLE} />
        </section>
      </article>
    </>
  );
}
