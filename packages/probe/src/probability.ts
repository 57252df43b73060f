/** What a probe's logit says as a probability: one reading for every stage that scores, and for pages. */
import { isotonicAt, sigmoid } from "@precipice/stats";

/** Isotonic calibration of a probe: p(refuse) over w·h + b, ascending. Empty: p is the sigmoid. */
export interface Calibrated {
  readonly calibration: ReadonlyArray<{ readonly logit: number; readonly probability: number }>;
}

/** p(refuse) of a probe's logit: by its isotonic calibration where it has one, else the sigmoid. */
export const probabilityOf = ({ calibration }: Calibrated): ((logit: number) => number) => {
  if (calibration.length === 0) return sigmoid;
  const fit = {
    x: Float64Array.from(calibration, ({ logit }) => logit),
    y: Float64Array.from(calibration, ({ probability }) => probability),
  };
  return (logit) => isotonicAt(fit, logit);
};
