//! What calls will cost, before they are made.

use std::collections::BTreeSet;

use gatemark_core::error::{Error, Result};
use gatemark_core::id::ModelName;
use gatemark_core::model::{Project, Usage};
use gatemark_core::money::NanoUsd;

/// Calls that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// To whom.
    pub model: ModelName,
    /// How many.
    pub calls: u64,
    /// Tokens that each reads, as far as they are known.
    pub input: u64,
    /// Most tokens that each reads; `None` if that is not bounded.
    pub most_input: Option<u64>,
    /// Most tokens that each writes; `None` if that is not bounded.
    pub most_output: Option<u64>,
}

/// The sum of forecasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bill {
    /// For what is read, as far as it is known.
    pub(crate) input: NanoUsd,
    /// If everything is as long as it may be; `None` if something is not bounded.
    pub(crate) most: Option<NanoUsd>,
    /// Calls in all.
    pub(crate) calls: u64,
    /// Calls whose model has no price; they are not in the sums.
    pub(crate) unpriced: u64,
    /// Those models.
    pub(crate) without_price: BTreeSet<ModelName>,
}

impl Default for Bill {
    fn default() -> Self {
        let (calls, unpriced, without_price) = (0, 0, BTreeSet::new());
        Self { input: NanoUsd::ZERO, most: Some(NanoUsd::ZERO), calls, unpriced, without_price }
    }
}

impl Bill {
    pub(crate) fn add(&mut self, project: &Project, forecast: &Forecast) {
        let Forecast { model, calls, input, most_input, most_output } = forecast;
        self.calls += calls;
        let Some(price) = project.price(model) else {
            self.unpriced += calls;
            self.without_price.insert(model.clone());
            return;
        };
        let all = |input: u64, output: u64| {
            let one = price.of(&Usage { input, output, ..Usage::default() });
            scaled(one, *calls, 1)
        };
        self.input += all(*input, 0);
        let most = most_input.zip(*most_output).map(|(input, output)| all(input, output));
        self.most = self.most.zip(most).map(|(sum, most)| sum + most);
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.input += other.input;
        self.most = self.most.zip(other.most).map(|(one, other)| one + other);
        self.calls += other.calls;
        self.unpriced += other.unpriced;
        self.without_price.extend(other.without_price);
    }

    /// The same for `all` where this is for `sampled` of them.
    pub(crate) fn scaled(self, all: u64, sampled: u64) -> Self {
        let sampled = sampled.max(1);
        let count = |calls: u64| {
            u64::try_from(u128::from(calls) * u128::from(all) / u128::from(sampled))
                .unwrap_or(u64::MAX)
        };
        Self {
            input: scaled(self.input, all, sampled),
            most: self.most.map(|most| scaled(most, all, sampled)),
            calls: count(self.calls),
            unpriced: count(self.unpriced),
            ..self
        }
    }

    /// What one of `parts` alike is expected to cost at most.
    pub(crate) fn of_one(&self, parts: u64) -> NanoUsd {
        scaled(self.most.unwrap_or(self.input), 1, parts.max(1))
    }

    /// A cap on calls without a price cannot be kept.
    ///
    /// # Errors
    /// `Invalid` with all models that lack one.
    pub(crate) fn cappable(&self, cap: Option<NanoUsd>) -> Result<()> {
        let Some(cap) = cap.filter(|_| !self.without_price.is_empty()) else { return Ok(()) };
        let models: Vec<&str> = self.without_price.iter().map(ModelName::as_str).collect();
        let message = format!(
            "the run cannot be capped at {cap}: {} of its calls go to a model without a price; give {} one \
             under `models` in gatemark.yaml",
            self.unpriced,
            models.join(", ")
        );
        Err(Error::invalid(message).at("max_cost").coded("price_unknown"))
    }
}

fn scaled(sum: NanoUsd, by: u64, of: u64) -> NanoUsd {
    let scaled = i128::from(sum.0) * i128::from(by) / i128::from(of.max(1));
    NanoUsd(i64::try_from(scaled).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> Project {
        let mut files = crate::project::Files::new();
        let text = "name: x\nproviders:\n  p: {protocol: openai}\n\
                    models:\n  p/m: {input_usd_per_million: 1, output_usd_per_million: 10}\n";
        files.insert("gatemark.yaml", text);
        crate::project::load_config(&files).0.unwrap()
    }

    fn forecast(model: &str, most_output: Option<u64>) -> Forecast {
        let model = model.parse().unwrap();
        Forecast { model, calls: 3, input: 100, most_input: Some(150), most_output }
    }

    #[test]
    fn calls_are_priced_and_summed() {
        let (project, mut bill) = (project(), Bill::default());
        bill.add(&project, &forecast("p/m", Some(20)));
        // A token read costs $0.000001, one written ten times as much.
        assert_eq!((bill.input, bill.most), (NanoUsd(300_000), Some(NanoUsd(3 * 350_000))));
        let ten = bill.clone().scaled(10, 2);
        assert_eq!((ten.calls, ten.input), (15, NanoUsd(1_500_000)));
        assert_eq!(ten.of_one(5), NanoUsd(3 * 350_000));
        bill.add(&project, &forecast("p/m", None));
        assert_eq!((bill.most, bill.of_one(1)), (None, NanoUsd(600_000)));
        assert!(bill.cappable(Some(NanoUsd(1))).is_ok());
        bill.add(&project, &forecast("p/other", Some(1)));
        assert_eq!((bill.calls, bill.unpriced), (9, 3));
        assert!(bill.cappable(None).is_ok());
        let told = bill.cappable(Some(NanoUsd(1))).unwrap_err().to_string();
        assert!(told.contains("3 of its calls") && told.contains("p/other"), "{told}");
    }
}
