import { useEffect, useState } from "react";
import { now } from "@shared/now";

/** Whole seconds from now until an instant, counted down; never below nought. */
export function useSecondsUntil(instant: string | null | undefined): number {
  const left = () => (instant ? Math.max(0, Math.ceil((Date.parse(instant) - now()) / 1000)) : 0);
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    const timer = setInterval(() => {
      setSeconds(left());
      if (left() === 0) clearInterval(timer);
    }, 1000);
    return () => clearInterval(timer);
  }, [instant]);
  return seconds;
}
